"""Everything of training and evaluation against stock mmpose and pycocotools, in one table.

    python benchmarks/train_speed.py --ann-file LABELS.json --img-dir IMAGES

Each part is a benchmark of its own beside this file. Leave other work off the machine: the runs are
interleaved, but a busy machine shows.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

from benchmarks.epoch_speed import add_arguments, chosen_people, measure_epochs
from benchmarks.evaluation_speed import measure_evaluation
from benchmarks.input_speed import measure_input
from benchmarks.speed_table import machine, markdown
from benchmarks.step_speed import measure_steps


def main(argv: list[str] | None = None) -> None:
    """Measure part after part, saying which, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    args = parser.parse_args(argv)
    rows = []
    with chosen_people(args) as people:
        print("input ...", file=sys.stderr)
        rows += measure_input(people.ann_file, people.img_dir, args.repeats)
        print("steps ...", file=sys.stderr)
        rows += measure_steps(args.repeats)
        print("short trainings ...", file=sys.stderr)
        more, wait = measure_epochs(
            people, args.repeats, batch=args.batch_size, workers=args.workers
        )
        rows += more
    print("evaluation ...", file=sys.stderr)
    rows += measure_evaluation(args.repeats)
    print(f"{time.strftime('%Y-%m-%d')}; {machine()}\n\n{markdown(rows)}\n")
    print(f"Of our training, {100 * wait:.1f} % of the time waited for data.")


if __name__ == "__main__":
    main()
