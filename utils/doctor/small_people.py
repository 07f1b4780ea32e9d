"""People of whom too little can be seen: a few pixels, or joints that share a heatmap's cell."""

import numpy as np

from prepostprocess.crop.box import box_to_center_scale
from utils.dataset_check.faults import Fault, note, warning
from utils.doctor.poses import Poses

USUAL_INPUT_WH = (192, 256)
CELL = 4  # pixels of the input that one cell of the heatmap covers, in every shipped network
MOST_CELLS = 2  # that one pixel of the photograph may fill
MANY_ARE_SMALL = 0.1  # share of the people from which on it is a warning


def check_small_people(poses: Poses, input_wh: tuple[int, int] | None, file: str) -> list[Fault]:
    """Tell who is magnified too much, and whose joints fall together.

    Args:
        poses: the people.
        input_wh: the network's; None: that of most.
        file: its name, for the faults.

    Returns:
        At most one fault of each kind.
    """
    if not len(poses.ids):
        return []
    input_wh = input_wh or USUAL_INPUT_WH
    _, regions_wh = box_to_center_scale(poses.boxes_xywh, input_wh)
    cells = input_wh[0] / CELL / regions_wh[:, 0]  # that a pixel of the photograph fills
    labelled = poses.points[..., 2:] > 0
    xy = poses.points[..., :2]
    spread = np.where(labelled, xy, -np.inf).max(axis=1) - np.where(labelled, xy, np.inf).min(
        axis=1
    )
    together = (labelled.sum(axis=(1, 2)) > 2) & ((spread * cells[:, None]).max(axis=1) < 1)
    width, height = input_wh
    faults = _tell(
        "small",
        f"a pixel of the photograph should fill at most {MOST_CELLS} cells of the heatmap "
        f"(input {width}x{height})",
        cells > MOST_CELLS,
        [f"is {box[2]:.0f}x{box[3]:.0f}" for box in poses.boxes_xywh],
        "Use larger photographs or a smaller input, or leave these people out.",
        poses,
        file,
    )
    return faults + _tell(
        "joints-together",
        f"a person's joints should fill more than a cell of the heatmap (input {width}x{height})",
        together,
        [f"has them within {side:.1f} pixels" for side in spread.max(axis=1)],
        "Correct their boxes or keypoints, or leave these people out.",
        poses,
        file,
    )


def _tell(
    kind: str, rule: str, found: np.ndarray, told: list[str], cure: str, poses: Poses, file: str
) -> list[Fault]:
    rows = np.flatnonzero(found).tolist()
    make = warning if len(rows) > MANY_ARE_SMALL * len(found) else note
    share = f"{100 * len(rows) / len(found):.1f} % of the people do not"
    return make(
        kind, file, f"{rule}; {share}", [f"annotation {poses.ids[r]} {told[r]}" for r in rows], cure
    )
