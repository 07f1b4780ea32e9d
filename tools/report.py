"""Write one page about a training: curves, figures, kinds of errors, best and worst people.

    python tools/report.py work_dirs/litehrnet_18_coco_256x192
    python tools/report.py WORK_DIR -o run.html --checkpoint WORK_DIR/epoch_12.pth --count 16

The best checkpoint is tested anew on the people of the config's test set. The page is one file with
its pictures inside: send it as it is.
"""

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("work_dir", type=Path, help="folder that train.py wrote")
    text = "the page to write; default WORK_DIR/report.html"
    add("-o", "--output", type=Path, metavar="HTML", help=text)
    text = "weights (.pth) to judge, where the folder has no best ones or you ask for others"
    add("--checkpoint", type=Path, metavar="FILE", help=text)
    text = "people shown of the best, and of the worst; default 12"
    add("--count", type=int, default=12, metavar="N", help=text)
    text = "data-loading processes; default: the config's"
    add("--num-workers", type=int, metavar="N", help=text)
    text = "change the config, e.g. data_root=/disk for data that were moved"
    add("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help=text)
    args = parser.parse_args(argv)
    if args.count < 0 or (args.num_workers or 0) < 0:
        parser.error("--count and --num-workers must be 0 or more")
    if args.checkpoint and not args.checkpoint.is_file():
        parser.error(f"{args.checkpoint} does not exist or is not a file")
    return args


def main(argv: list[str] | None = None) -> None:
    """Test, write the page, say what it is about."""
    args = parse_args(argv)
    with user_errors():
        from prepostprocess.files import require_output
        from utils.config_reader.ready import require_run

        # before PyTorch is loaded
        found = require_run(args.work_dir, args.checkpoint, args.cfg_options)
        output = args.output or args.work_dir / "report.html"
        require_output(output, "--output")
        from mmpose_replacement.report.run import gather_run
        from prepostprocess.files import write_whole
        from utils.evaluation.run_page import to_page

        facts = gather_run(args.work_dir, *found, args.cfg_options, args.num_workers)
        write_whole(output, to_page(facts, args.count))
        name, value = next(iter(next(iter(facts.figures.values())).items()))
        print(f"{output}: {len(facts.matches)} people, {name} {value:.4f}")


if __name__ == "__main__":
    main()
