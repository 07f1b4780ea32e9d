"""Say of every node of a network whether a Kneron NPU runs it, by which rule, and what cures it.

    python tools/npu_check.py model.onnx --npu 720
    python tools/npu_check.py model.onnx --npu all --table 2022-11 --html check.html
    python tools/npu_check.py configs/top_down/lite_hrnet/coco/CONFIG.py --npu 520

Any ONNX file with fixed shapes will do. Exit code: 0 all nodes on the NPU; 3 some on the CPU; 4
none on the CPU but some disputed; 1 the network cannot be checked; 2 a bad argument.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

EXIT = {"NPU": 0, "CPU": 3, "disputed": 4}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "model", type=Path, help="ONNX file, or a config (.py): then before anything is trained"
    )
    parser.add_argument(
        "--npu", required=True, metavar="CHIP", help="520, 530, 630, 720, 730, or all of them"
    )
    parser.add_argument(
        "--table", metavar="DATE", help="operator table (YYYY-MM) to judge by; default: the newest"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write every verdict for programs"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with a coloured graph"
    )
    return parser.parse_args(argv)


def network_bytes(config: Path) -> bytes:
    """Build a config's untrained network and return it as ONNX; PyTorch is loaded only here."""
    from utils.cli import user_errors

    with user_errors():
        from mmpose_replacement.config import load_config
        from models.onnx_export import export_bytes

        return export_bytes(load_config(config))


def main(argv: list[str] | None = None) -> int:
    """Check, print, write what was asked for; return the exit code."""
    args = parse_args(argv)
    from utils.npu.errors import NpuCheckError
    from utils.npu.graph import read_graph
    from utils.npu.report import check, to_json, to_text, write_whole
    from utils.npu.report_html import to_html
    from utils.npu.tables import check_chip, known_chips, load_table

    try:
        chips = known_chips() if args.npu == "all" else [check_chip(args.npu)]
        table = load_table(args.table)
        if not args.model.is_file():
            raise NpuCheckError(f"{args.model}: model must be a file, got none. Check the path.")
    except NpuCheckError as err:
        print(f"error: {err}", file=sys.stderr)
        return 2
    try:
        source = network_bytes(args.model) if args.model.suffix == ".py" else args.model
        report = check(read_graph(source, args.model.name), chips, table)
        texts = {args.json: json.dumps(to_json(report), indent=1) + "\n"} if args.json else {}
        texts |= {args.html: to_html(report)} if args.html else {}
        for path, text in texts.items():
            write_whole(path, text)
    except NpuCheckError as err:
        print(f"error: {err}", file=sys.stderr)
        return 1
    print(to_text(report), end="")
    return EXIT[report.worst()]


if __name__ == "__main__":
    sys.exit(main())
