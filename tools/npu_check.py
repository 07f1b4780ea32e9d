"""Say of every node of a network whether a Kneron NPU runs it, by which rule, and what cures it.

    python tools/npu_check.py model.onnx --npu 720
    python tools/npu_check.py model.onnx --npu all --table 2022-11 --html check.html
    python tools/npu_check.py configs/top_down/lite_hrnet/coco/CONFIG.py --npu 520

Any ONNX file with fixed shapes will do; it is judged as it stands. A config is judged by what
export2onnx.py --npu CHIP would write. Exit code: 0 all nodes on the NPU; 3 some on the CPU; 4
none on the CPU but some disputed; 1 the network cannot be checked; 2 a bad argument.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

if TYPE_CHECKING:
    from utils.onnx_graph.npu.report import Report

EXIT = {"NPU": 0, "CPU": 3, "disputed": 4}
SEVERITY = [0, 4, 3]


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
        "--html",
        type=Path,
        metavar="FILE",
        help="write a page with a coloured graph; of a config and all chips, a file each: NAME_520",
    )
    parser.add_argument(
        "--raw", action="store_true", help="of a config: judge the graph before it is optimised"
    )
    parser.add_argument(
        "--opset", type=int, metavar="N", help="of a config: operator set, 11 to 18; default 12"
    )
    args = parser.parse_args(argv)
    if args.model.suffix != ".py" and (args.raw or args.opset is not None):
        parser.error("--raw and --opset are for a config; an ONNX file is judged as it stands")
    if args.json and args.json == args.html:
        parser.error(f"--json and --html must name two files, got {args.json} for both")
    return args


def network_bytes(
    config: Path, chips: Sequence[str] = (), *, opset: int | None = None, raw: bool = False
) -> dict[str, bytes]:
    """Build a config's untrained network as ONNX; PyTorch is loaded only here.

    Args:
        config: the config file.
        chips: what it is to be optimised for.
        opset: operator set; None: the exporter's default.
        raw: leave the graph as it was traced.
    Returns: chip to what export2onnx.py would write for it.
    """
    from utils.cli import user_errors

    with user_errors():
        from mmpose_replacement.config.load import load_config
        from models.export.trace import ExportOptions, build_estimator, trace
        from utils.onnx_graph.finish import finish
        from utils.onnx_graph.passes import optimize

        loaded = load_config(config)
        options = ExportOptions() if opset is None else ExportOptions(opset=opset)
        model = trace(loaded, build_estimator(loaded), options)
        if raw:
            return dict.fromkeys(chips, model.SerializeToString())
        return {chip: finish(optimize(model, npu=chip)[0]).SerializeToString() for chip in chips}


def reports_of(args: argparse.Namespace, chips: list[str]) -> dict[str, "Report"]:
    """Judge, once where all chips see the same graph, else for each.

    Returns: what is added to the names of the files (nothing, or the chip) to the report.
    """
    from utils.onnx_graph.npu.graph import read_graph
    from utils.onnx_graph.npu.report import check
    from utils.onnx_graph.npu.tables import load_table

    table, name = load_table(args.table), args.model.name
    if args.model.suffix != ".py":
        return {"": check(read_graph(args.model, name), chips, table)}
    sources = network_bytes(args.model, chips, opset=args.opset, raw=args.raw)
    if len(set(sources.values())) == 1:
        return {"": check(read_graph(sources[chips[0]], name), chips, table)}
    return {f"_{c}": check(read_graph(sources[c], name), [c], table) for c in chips}


def files_of(args: argparse.Namespace, reports: dict[str, "Report"]) -> dict[Path, str]:
    """Return the text of every file that was asked for."""
    from utils.onnx_graph.npu.report import to_json
    from utils.onnx_graph.npu.report_html import to_html

    texts = {}
    for key, report in reports.items():
        if args.json:
            path = args.json.with_stem(args.json.stem + key)
            texts[path] = json.dumps(to_json(report), indent=1) + "\n"
        if args.html:
            texts[args.html.with_stem(args.html.stem + key)] = to_html(report)
    return texts


def main(argv: list[str] | None = None) -> int:
    """Check, print, write what was asked for; return the exit code."""
    args = parse_args(argv)
    from prepostprocess.files import replacing
    from utils.onnx_graph.file import check_target
    from utils.onnx_graph.npu.errors import NpuCheckError
    from utils.onnx_graph.npu.report import to_text
    from utils.onnx_graph.npu.tables import check_chip, known_chips, load_table

    try:
        chips = known_chips() if args.npu == "all" else [check_chip(args.npu)]
        load_table(args.table)
        if not args.model.is_file():
            raise NpuCheckError(f"{args.model}: model must be a file, got none. Check the path.")
    except NpuCheckError as err:
        print(f"error: {err}", file=sys.stderr)
        return 2
    try:
        for path in filter(None, (args.json, args.html)):
            check_target(path, args.model)  # before a config is built for minutes
        reports = reports_of(args, chips)
        texts = files_of(args, reports)
        for path in texts:
            check_target(path, args.model)
        with ExitStack() as stack:
            for path, text in texts.items():
                stack.enter_context(replacing(path)).write_text(text, encoding="utf-8")
    except (ValueError, OSError) as err:
        print(f"error: {err}", file=sys.stderr)
        return 1
    print("\n".join(to_text(report) for report in reports.values()), end="")
    return max((EXIT[report.worst()] for report in reports.values()), key=SEVERITY.index)


if __name__ == "__main__":
    sys.exit(main())
