"""Compare inference_e2e.py's file with a ground truth: COCO AP, Kneron's distances, worst cases.

    python tools/eval_e2e.py out/e2e.json data/coco/annotations/person_keypoints_val2017.json
    python tools/eval_e2e.py --yaml eval.yaml --output eval.txt

Both files may be lists of {img_path, lmk_coco_body_17pts} or COCO's own. docs/inference.md has the
formulae.
"""

import argparse
import contextlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("result", nargs="?", type=Path, help="what inference_e2e.py wrote, either file")
    add("truth", nargs="?", type=Path, help="COCO annotations, or a list of records")
    add("--yaml", type=Path, help="read GT_json_path, inference_result ... as kneron_eval does")
    add("--output", type=Path, metavar="TXT", help="also write the report to a file")
    text = "other keypoints than COCO's 17: the file that describes them (docs/data.md)"
    add("--data", type=Path, metavar="YAML", help=text)
    text = "the records' key of the landmarks; default: lmk_coco_body_17pts, with --data lmk_Kpts"
    add("--landmark-points", metavar="KEY", help=text)
    add("--worst", type=int, default=0, metavar="N", help="draw the N worst cases")
    add("--worst-dir", type=Path, help="where they go; default: <result>_worst beside it")
    add("--img-path", type=Path, metavar="DIR", help="folder of the images, for --worst")
    args = parser.parse_args(argv)
    if args.yaml is None and args.truth is None:
        parser.error("result and truth must be given, or --yaml. See --help.")
    if args.yaml is not None and args.result is not None:
        parser.error("result and truth must be left out with --yaml, which names them.")
    if args.worst and args.img_path is None:
        parser.error("--worst must have --img-path, the folder of the images. Add it.")
    return args


def coco_figures(truth: dict, results: list[dict], sigmas: Sequence[float]) -> dict[str, float]:
    """COCO's ten keypoint figures."""
    try:
        from xtcocotools.coco import COCO
        from xtcocotools.cocoeval import COCOeval
    except ImportError as err:
        raise ValueError(
            "xtcocotools must be installed to compute AP, got no such package. "
            "Run pip install -r requirements.txt."
        ) from err
    from utils.evaluation.report import FIGURES

    if not results:
        return dict.fromkeys(FIGURES, 0.0)
    labels = COCO(truth)
    evaluation = COCOeval(labels, labels.loadRes(results), "keypoints", sigmas)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(FIGURES, (float(value) for value in evaluation.stats), strict=True))


def main(argv: list[str] | None = None) -> None:
    """Evaluate, print the report, draw the worst cases."""
    args = parse_args(argv)
    with user_errors():
        from prepostprocess.files import write_whole
        from utils.evaluation.comparison import (
            coco_truth,
            match_people,
            read_results,
            read_truth,
            to_coco,
            to_results,
        )
        from utils.evaluation.landmark_file import landmarks_key
        from utils.evaluation.report import draw_worst, load_eval_params, report
        from utils.joints import COCO_JOINTS
        from utils.own_data.data_file import read_own_data

        params = load_eval_params(args.yaml) if args.yaml else None
        result = params.inference_result if params else args.result
        truth_path = params.GT_json_path if params else args.truth
        own = read_own_data(args.data) if args.data else None
        for remark in own.remarks if own else ():
            print(f"{args.data}: {remark}", file=sys.stderr)
        joints, category = (own.joints, own.category) if own else (COCO_JOINTS, None)
        key = args.landmark_points or landmarks_key(joints.names)
        key = params.landmark_points if params else key
        truth, images, numbers = read_truth(truth_path, key, joints, category)
        predictions = read_results(result, key, images, numbers, joints)
        matches = match_people(truth, predictions, joints)
        labels = to_coco(truth, images, joints)
        labels = coco_truth(truth_path, joints, category) if numbers else labels
        by_name = {name: i for i, name in numbers.items()} or {
            name: i for i, name in enumerate(images, start=1)
        }
        figures = coco_figures(labels, to_results(predictions, by_name), joints.sigmas)
        metric = params.distance_metrics if params else None
        text = report(matches, figures, len(images), metric, joints)
        print(text, end="")
        if args.output:
            write_whole(args.output, text)
        if args.worst:
            folder = args.worst_dir or result.with_name(f"{result.stem}_worst")
            for path in draw_worst(matches, args.worst, args.img_path, folder, joints):
                print(path)


if __name__ == "__main__":
    main()
