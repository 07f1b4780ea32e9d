"""A labelled person beside what was predicted for it."""

import cv2
import numpy as np

from utils.contact_sheet import contact_sheet
from utils.drawing import draw_skeleton
from utils.evaluation.comparison import Match, Person
from utils.joints import Joints

SURROUNDINGS = 1.25  # a tile shows this many times the longer side of the person's box
_LINE_WIDTH = 2  # pixels


def pair_tiles(
    image: np.ndarray, match: Match, joints: Joints, side: int
) -> tuple[list[np.ndarray], list[str]]:
    """Cut the person out twice, with its label and with what was predicted, if anything.

    Args:
        image: uint8 (H, W, 3), RGB, the person's whole image.
        match: the person; of the prediction those joints are drawn that are ``labelled``.
        joints: the K keypoints.
        side: of a tile, pixels.

    Returns:
        Two tiles, uint8 (side, side, 3), RGB; their captions.
    """
    box = match.truth.bbox_xywh
    scale = side / (SURROUNDINGS * max(float(box[2:].max()), 1.0))
    corner = box[:2] + box[2:] / 2 - side / scale / 2
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    flags = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    tile = cv2.warpAffine(image, matrix, (side, side), flags=flags)

    def drawn(person: Person | None) -> np.ndarray:
        canvas = tile.copy()
        if person is not None:
            points = (person.keypoints - corner) * scale
            shown, names = person.labelled, joints.names
            draw_skeleton(canvas, points, shown, names, _LINE_WIDTH, joints.links, joints.colours)
        return canvas

    told = f"prediction, OKS {match.similarity:.2f}" if match.prediction else "no prediction"
    return [drawn(match.truth), drawn(match.prediction)], ["label", told]


def draw_pair(image: np.ndarray, match: Match, joints: Joints, side: int) -> np.ndarray:
    """Put both tiles side by side, with their captions; see ``pair_tiles``.

    Args:
        image: uint8 (H, W, 3), RGB, the person's whole image.
        match: the person.
        joints: the K keypoints.
        side: of a tile, pixels.

    Returns:
        uint8 (side and a line of text, 2 * side, 3), RGB.
    """
    tiles, captions = pair_tiles(image, match, joints, side)
    return contact_sheet(tiles, columns=2, captions=captions)
