"""Say of every node of a network whether a Kneron NPU runs it, by which rule, and what cures it.

    python tools/npu_check.py model.onnx --npu 720
    python tools/npu_check.py model.onnx --npu all --table 2022-11 --html check.html
    python tools/npu_check.py configs/top_down/lite_hrnet/coco/CONFIG.py --npu 520

Any ONNX file with fixed shapes will do; it is judged as it stands. A config is judged by what
export2onnx.py --npu CHIP would write. Exit code: 0 all nodes on the NPU; 3 some on the CPU; 4
none on the CPU but some disputed; 1 the network cannot be checked; 2 a bad argument.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, message_of, user_errors

if TYPE_CHECKING:
    from utils.onnx_graph.npu.report.text import Report

EXIT = {"NPU": 0, "CPU": 3, "disputed": 4}
SEVERITY = [0, 4, 3]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("model", type=Path, help="ONNX file, or a config (.py): then before anything is trained")
    add("--npu", required=True, metavar="CHIP", help="520, 530, 630, 720, 730, or all of them")
    text = "operator table (YYYY-MM) to judge by; default: the newest"
    add("--table", metavar="DATE", help=text)
    add("--json", type=Path, metavar="FILE", help="write every verdict for programs")
    text = "write a page with a coloured graph; of a config and all chips, a file each: NAME_520"
    add("--html", type=Path, metavar="FILE", help=text)
    text = "of a config: judge the graph before it is optimised"
    add("--raw", action="store_true", help=text)
    text = "of a config: operator set, 11 to 18; default 12"
    add("--opset", type=int, metavar="N", help=text)
    add("--data", type=Path, metavar="YAML", help="of a config: your own data, for its keypoints")
    text = (
        "take disputed nodes of an operator to run there, as your compiler's log said: resize=npu"
    )
    add("--assume", nargs="+", default=[], metavar="OP=npu|cpu", help=text)
    args = parser.parse_args(argv)
    if args.model.suffix != ".py" and (args.raw or args.opset is not None or args.data):
        parser.error("--raw, --opset, --data are for a config; an ONNX file is judged as it stands")
    if args.json and args.json == args.html:
        parser.error(f"--json and --html must name two files, got {args.json} for both")
    return args


def networks_of(args: argparse.Namespace, chips: list[str]) -> dict[str, bytes]:
    """Build a config's network for each chip; PyTorch is loaded only here."""
    with user_errors():
        from models.export.untrained import untrained_networks
        from models.tracing.trace import DEFAULT_OPSET, ExportOptions
        from utils.config_reader.foreign import load_network

        options = ExportOptions(opset=args.opset or DEFAULT_OPSET, optimize=not args.raw)
        return untrained_networks(load_network(args.model, data=args.data), chips, options)


def reports_of(args: argparse.Namespace, chips: list[str]) -> dict[str, "Report"]:
    """Judge, once where all chips see the same graph, else for each.

    Returns: what is added to the names of the files (nothing, or the chip) to the report.
    """
    from utils.onnx_graph.npu.graph import read_graph
    from utils.onnx_graph.npu.report.text import check
    from utils.onnx_graph.npu.settled import read_settled
    from utils.onnx_graph.npu.tables import load_table

    table, name = load_table(args.table), args.model.name
    settled = read_settled(args.assume, table)
    if args.model.suffix != ".py":
        return {"": check(read_graph(args.model, name), chips, table, settled)}
    sources = networks_of(args, chips)
    if len(set(sources.values())) == 1:
        return {"": check(read_graph(sources[chips[0]], name), chips, table, settled)}
    return {f"_{c}": check(read_graph(sources[c], name), [c], table, settled) for c in chips}


def main(argv: list[str] | None = None) -> int:
    """Check, print, write what was asked for; return the exit code."""
    args = parse_args(argv)
    from utils.onnx_graph.file import check_target
    from utils.onnx_graph.npu.errors import NpuCheckError
    from utils.onnx_graph.npu.report.files import write_reports
    from utils.onnx_graph.npu.report.text import to_text
    from utils.onnx_graph.npu.settled import read_settled
    from utils.onnx_graph.npu.tables import check_chip, known_chips, load_table

    try:
        chips = known_chips() if args.npu == "all" else [check_chip(args.npu)]
        read_settled(args.assume, load_table(args.table))
        if not os.path.isfile(args.model):
            raise NpuCheckError(f"{args.model}: model must be a file, got none. Check the path.")
    except NpuCheckError as err:
        print(f"error: {err}", file=sys.stderr)
        return 2
    try:
        for path in filter(None, (args.json, args.html)):
            check_target(path, args.model)  # before a config is built for minutes
        reports = reports_of(args, chips)
        write_reports(reports, args.model, args.json, args.html)
    except (ValueError, OSError) as err:
        print(f"error: {message_of(err)}", file=sys.stderr)
        return 1
    print("\n".join(to_text(report) for report in reports.values()), end="")
    return max((EXIT[report.worst()] for report in reports.values()), key=SEVERITY.index)


if __name__ == "__main__":
    sys.exit(main())
