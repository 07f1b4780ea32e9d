"""Show what a training sees, as one picture or page: look before you train.

    python tools/browse_dataset.py CONFIG -o input.png
    python tools/browse_dataset.py CONFIG -o raw.png --stage raw --data mine.yaml
    python tools/browse_dataset.py CONFIG -o target.png --stage target --count 24
    python tools/browse_dataset.py CONFIG -o people.html       # all stages of each person

Left limbs are orange, right ones blue: a mirrored label shows at once.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors

STAGES = {
    "raw": "people and their labels",
    "augmented": "after augmentation, with their labels",
    "input": "the pixels that the network is fed",
    "target": "the same, under the heatmaps that it is to give",
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("config", type=Path, help="config file (.py), see configs/")
    text = "the picture to write (.png), or a page (.html) with all stages of each person"
    add("-o", "--output", type=Path, required=True, metavar="FILE", help=text)
    text = "; ".join(f"{word}: {meaning}" for word, meaning in STAGES.items())
    add("--stage", choices=STAGES, help=f"{text}; default augmented, on a page all")
    add("--data", type=Path, metavar="YAML", help="your own data, described in this file")
    add("--count", type=int, default=32, metavar="N", help="people; default 32")
    add("--seed", type=int, default=0, help="which people, and what is drawn of them; default 0")
    add("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config")
    args = parser.parse_args(argv)
    if not os.path.isfile(args.config):
        parser.error(f"{args.config} does not exist or is not a file")
    if args.count < 1 or args.seed < 0:
        parser.error("--count must be at least 1, and --seed not below 0")
    args.is_page = args.output.suffix.lower() in (".html", ".htm")
    args.stages = [args.stage] if args.stage else list(STAGES) if args.is_page else ["augmented"]
    return args


def main(argv: list[str] | None = None) -> None:
    """Draw and write the picture or the page."""
    args = parse_args(argv)
    with user_errors():
        from utils.config_reader.read import import_custom, read_config_file
        from utils.config_reader.ready import require_data

        config = read_config_file(args.config, args.cfg_options, args.data)
        require_data(config, "train")
        from mmpose_replacement.data.browse import training_views
        from prepostprocess.files import write_whole
        from prepostprocess.save_image import save_rgb
        from utils.contact_sheet import contact_sheet
        from utils.pages.page import document, picture, table

        import_custom(config)
        views = [training_views(config, each, args.count, args.seed) for each in args.stages]
        if args.is_page:
            titles = [f"{each}: {STAGES[each]}" for each in args.stages]
            rows = ([picture(view) for view in person] for person in zip(*views, strict=True))
            title = f"What a training with {args.config.stem} sees"
            write_whole(args.output, document(title, [table(titles, rows)]))
        else:
            save_rgb(args.output, contact_sheet(views[0], columns=8))
        told = "; ".join(STAGES[each] for each in args.stages)
        print(f"{args.output}: {len(views[0])} people, {told}")


if __name__ == "__main__":
    main()
