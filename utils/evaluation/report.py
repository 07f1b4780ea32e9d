"""The end-to-end evaluation's parameters, its report, and images of its worst cases."""

from dataclasses import dataclass
from pathlib import Path

from prepostprocess.image import load_rgb
from prepostprocess.save_image import save_rgb
from utils.evaluation.comparison import METRICS, Match, distances, joint_table
from utils.evaluation.pair_picture import draw_pair
from utils.joints import COCO_JOINTS, Joints
from utils.params import build_params, param, read_mapping

WORST_SIDE = 480  # pixels
FIGURES = ("AP", "AP50", "AP75", "AP(M)", "AP(L)", "AR", "AR50", "AR75", "AR(M)", "AR(L)")


@dataclass(frozen=True)
class EvalParams:
    """What kneron_eval's regression YAML says.

    Attributes:
        source: the file these come from.
        GT_json_path: ground truth.
        inference_result: what inference_e2e.py wrote.
        landmark_points: the records' key of the landmarks.
        distance_metrics: "l1", "l2" or "MAE": the one to report.
    """

    source: Path
    GT_json_path: Path
    inference_result: Path
    landmark_points: str = param(
        "lmk_coco_body_17pts", "a key that starts with lmk", lambda key: key.startswith("lmk")
    )
    distance_metrics: str | None = param(
        None, f"one of {', '.join(METRICS)}", lambda word: word in METRICS
    )


def load_eval_params(path: Path) -> EvalParams:
    """Read kneron_eval's YAML; its keys may stand below one called ``regression``.

    Raises: ParamsError: see ``utils.params``.
    """
    values = read_mapping(path)
    if list(values) == ["regression"] and isinstance(values["regression"], dict):
        values = values["regression"]
    return build_params(EvalParams, values, path)


def report(
    matches: list[Match],
    figures: dict[str, float],
    num_images: int,
    metric: str | None,
    joints: Joints = COCO_JOINTS,
) -> str:
    """Write the evaluation down.

    Args:
        matches: one a labelled person.
        figures: COCO's ten.
        num_images: of the ground truth.
        metric: the one distance to report; None for all three.
        joints: the K keypoints.
    Returns: lines of text.
    """
    shown = METRICS if metric is None else (metric,)
    found = sum(match.prediction is not None for match in matches)
    lines = [f"{num_images} images, {len(matches)} people labelled, {found} found"]
    lines += [f"{name:<6} {value:.4f}" for name, value in figures.items()]
    overall = distances(matches)
    lines += [f"{name:<6} {overall[name]:.3f} px (of people found)" for name in shown]
    header = "".join(f"{name + ' px':>10}" for name in shown)
    lines += ["", f"{'joint':<16}{'labelled':>9}{header}{'similarity':>12}"]
    for row in joint_table(matches, joints):
        values = "".join(f"{row[name]:>10.2f}" for name in shown)
        lines.append(f"{row['joint']:<16}{row['labelled']:>9}{values}{row['similarity']:>12.3f}")
    return "\n".join(lines) + "\n"


def draw_worst(
    matches: list[Match], count: int, folder: Path, target: Path, joints: Joints = COCO_JOINTS
) -> list[Path]:
    """Draw the labelled people that the results are least like; see ``draw_pair``.

    Args:
        matches: one a labelled person.
        count: how many to draw.
        folder: of the images that the ground truth names.
        target: folder for the drawings, ``<rank>_<oks>_<image>.png``.
        joints: the K keypoints.
    Returns: the files.
    Raises: FileNotFoundError: an image is not in the folder.
    """
    worst = sorted(matches, key=lambda match: match.similarity)[:count]
    written = []
    for rank, match in enumerate(worst, start=1):
        path = folder / str(match.truth.image)
        image = load_rgb(path if path.exists() else folder / Path(str(match.truth.image)).name)
        name = f"{rank:03d}_oks{match.similarity:.2f}_{Path(str(match.truth.image)).stem}.png"
        save_rgb(target / name, draw_pair(image, match, joints, WORST_SIDE))
        written.append(target / name)
    return written
