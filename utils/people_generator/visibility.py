"""Which keypoints can be seen: hidden by the body itself, or covered by what is drawn there."""

import numpy as np

from utils.people_generator.appearance import Outfit
from utils.people_generator.figure import Kind
from utils.people_generator.head import face_points_seen
from utils.people_generator.skeleton import Body

# How far behind its partner's middle a shoulder or a hip is hidden by the trunk, body heights.
_EDGE_ON = 0.045
# The kinds of part on which a keypoint counts as seen, in COCO order.
_SHOWN_ON = (
    *((Kind.HEAD,),) * 3,
    *((Kind.HEAD, Kind.EAR + i) for i in range(2)),
    *((Kind.CHEST, Kind.UPPER_ARM + i) for i in range(2)),
    *((Kind.UPPER_ARM + i, Kind.FOREARM + i) for i in range(2)),
    *((Kind.FOREARM + i, Kind.HAND + i) for i in range(2)),
    *((Kind.PELVIS, Kind.CHEST, Kind.SKIRT, Kind.THIGH + i) for i in range(2)),
    *((Kind.SKIRT, Kind.THIGH + i, Kind.SHIN + i) for i in range(2)),
    *((Kind.SHIN + i, Kind.FOOT + i) for i in range(2)),
)


def keypoints_turned_away(body: Body, outfit: Outfit) -> np.ndarray:
    """Tell which keypoints the body itself hides, whatever is drawn at their pixels.

    Args:
        body: posed, in camera axes.
        outfit: hair and build.

    Returns: bool (17,); face points on the far side of the head, ears under long hair, and
        shoulders and hips on the far side of a trunk that is seen edge-on.
    """
    hidden = np.zeros(17, bool)
    hidden[:5] = ~face_points_seen(body.head)
    hidden[3:5] |= outfit.hair_style == "long"
    for pair in (slice(5, 7), slice(11, 13)):
        depth = body.keypoints[pair, 2]
        hidden[pair] = depth - depth.mean() < -_EDGE_ON
    return hidden


def label_visibility(
    keypoints_xy: np.ndarray, turned_away: np.ndarray, owner: np.ndarray, first_owner: int
) -> np.ndarray:
    """Give every keypoint COCO's visibility flag.

    Args:
        keypoints_xy: float (17, 2), image pixels.
        turned_away: bool (17,), from `keypoints_turned_away`.
        owner: uint8 (H, W), what is drawn at each pixel.
        first_owner: the owner number of this person's kind 0.

    Returns: int (17,); 2 seen, 1 in the image but hidden, 0 outside the image.
    """
    height, width = owner.shape
    flags = np.zeros(17, int)
    for k, (x, y) in enumerate(keypoints_xy):
        if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
            continue
        column, row = round(x), round(y)
        around = owner[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        shown = {first_owner + kind for kind in _SHOWN_ON[k]}
        flags[k] = 1 if turned_away[k] or shown.isdisjoint(around.ravel().tolist()) else 2
    return flags
