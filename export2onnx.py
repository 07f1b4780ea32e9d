"""Export a trained network to ONNX.

    python export2onnx.py CONFIG CHECKPOINT

Writes the heatmap network with a fixed batch of 1, once onnxruntime agrees with PyTorch to 1e-4.
How its input is prepared and its heatmaps are read is in the file's metadata.
"""

import argparse
import hashlib
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("config", type=Path, help="config file (.py) that the network was trained with")
    add("checkpoint", type=Path, help="its weights (.pth)")
    add("--output", type=Path, metavar="FILE", help="default: the checkpoint's name with .onnx")
    add(
        "--opset",
        type=int,
        default=11,
        metavar="N",
        help="operator set, 11 to 18; default 11: every Kneron toolchain in use reads it",
    )
    add(
        "--dynamic-batch",
        action="store_true",
        help="leave the batch size open: for PC runtimes that run many people at once",
    )
    add("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config")
    args = parser.parse_args(argv)
    for path in (args.config, args.checkpoint):
        if not path.is_file():
            parser.error(f"{path} does not exist or is not a file")
    return args


def main(argv: list[str] | None = None) -> None:
    """Export, report the gap to PyTorch, print the path written."""
    args = parse_args(argv)
    from utils.cli import user_errors

    with user_errors():
        from mmpose_replacement.config import load_config
        from models.checkpoint import load_weights
        from models.onnx_export import build_estimator, export_onnx

        config = load_config(args.config, args.cfg_options)
        estimator = build_estimator(config)
        load_weights(estimator, args.checkpoint)
        output = args.output or args.checkpoint.with_suffix(".onnx")
        digest = hashlib.sha256(args.checkpoint.read_bytes()).hexdigest()
        gap = export_onnx(
            config,
            estimator,
            output,
            opset=args.opset,
            dynamic_batch=args.dynamic_batch,
            digests={"checkpoint_sha256": digest},
        )
        print(
            f"{output}: opset {args.opset}, max |PyTorch - onnxruntime| {gap:.1e}, "
            f"{output.stat().st_size / 2**20:.1f} MiB"
        )


if __name__ == "__main__":
    main()
