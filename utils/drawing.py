"""Draw people on an image: skeletons with left and right told apart, boxes and scores."""

from collections.abc import Sequence

import cv2
import numpy as np

from utils.joints import Colours, links_by_name, mirrored
from utils.people import People

LEFT_RGB, RIGHT_RGB, MIDDLE_RGB = (255, 140, 0), (0, 150, 255), (90, 220, 90)
BOX_RGB, _OUTLINE_RGB, _TEXT_RGB = (240, 240, 240), (20, 20, 20), (255, 255, 255)
_LEAST_SIDE = 240  # pixels; a smaller image is enlarged, or no label could be read
_MOST_SIDE = 2400  # but not beyond this
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_HEIGHT = 22.0  # pixels of a capital letter at scale 1


def draw_people(
    image: np.ndarray,
    people: People,
    keypoint_names: tuple[str, ...],
    threshold: float,
    ids: list[int] | None = None,
    links: Sequence[tuple[int, int]] | None = None,
    colours: Colours | None = None,
) -> np.ndarray:
    """Draw people on a copy of an image.

    The person's left side (not the image's) is orange, the right side blue, the rest green.

    Args:
        image: uint8 (H, W, 3), RGB.
        people: in the image's pixels.
        keypoint_names: K names; those with left or right in them get their side's colour.
        threshold: keypoints at or below it are left out.
        ids: a number for each person, written before the score.
        links: see ``draw_skeleton``.
        colours: see there.

    Returns:
        uint8 RGB; an image with a side under 240 pixels comes back enlarged by a whole factor.
    """
    factor = _enlargement(image)
    canvas = image.copy()
    if factor > 1:
        canvas = image.repeat(factor, axis=0).repeat(factor, axis=1)
    if not len(people):
        return canvas
    boxes = people.boxes_xywh * factor
    # The centre of an enlarged pixel lies (factor - 1) / 2 further.
    points = people.keypoints * factor + (factor - 1) / 2
    widths = [_line_width(canvas, box) for box in boxes]
    for box, width in zip(boxes, widths, strict=True):
        _draw_box(canvas, box, width)
    for joints, scores, width in zip(points, people.keypoint_scores, widths, strict=True):
        draw_skeleton(canvas, joints, scores > threshold, keypoint_names, width, links, colours)
    taken: list = []
    for i, box in enumerate(boxes):
        label = f"{people.scores[i]:.2f}" if ids is None else f"{ids[i]}: {people.scores[i]:.2f}"
        _draw_label(canvas, box, label, taken)
    return canvas


def _enlargement(image: np.ndarray) -> int:
    shorter, longer = sorted(image.shape[:2])
    return max(1, min(-(-_LEAST_SIDE // shorter), _MOST_SIDE // longer))


def _line_width(canvas: np.ndarray, box_xywh: np.ndarray) -> int:
    """Thin on small people, thicker on large images."""
    return max(1, round(min(min(canvas.shape[:2]) / 150, float(np.hypot(*box_xywh[2:])) / 60)))


def side_colours(names: Sequence[str], flip_pairs: Sequence[tuple[int, int]] = ()) -> Colours:
    """Choose colours by the side that names say, else by the place in a pair.

    Args:
        names: K keypoints.
        flip_pairs: numbers of keypoints that change places in the mirror, the left one first.

    Returns:
        RGB of each: orange for the left, blue for the right, green for all others.
    """
    paired = {a: LEFT_RGB for a, _ in flip_pairs} | {b: RIGHT_RGB for _, b in flip_pairs}
    return tuple(
        paired.get(k, MIDDLE_RGB)
        if mirrored(name) == name
        else LEFT_RGB
        if "left" in name.lower()
        else RIGHT_RGB
        for k, name in enumerate(names)
    )


def _draw_box(canvas: np.ndarray, box_xywh: np.ndarray, width: int) -> None:
    corners = np.rint([*box_xywh[:2], *(box_xywh[:2] + box_xywh[2:])])
    left, top, right, bottom = _drawable(corners).tolist()
    thin = max(1, width // 2)
    for colour, thickness in ((_OUTLINE_RGB, thin + 2), (BOX_RGB, thin)):
        cv2.rectangle(canvas, (left, top), (right, bottom), colour, thickness)


def _drawable(points: np.ndarray) -> np.ndarray:
    """As whole numbers that OpenCV can draw to."""
    return points.clip(-(2**15), 2**15 - 1).astype(int)


def draw_skeleton(
    canvas: np.ndarray,
    joints: np.ndarray,
    shown: np.ndarray,
    keypoint_names: tuple[str, ...],
    width: int,
    links: Sequence[tuple[int, int]] | None = None,
    colours: Colours | None = None,
) -> None:
    """Draw lines, then points, each on a dark outline that shows on any background.

    Args:
        canvas: uint8 (H, W, 3), RGB; drawn on.
        joints: float (K, 2), xy in the canvas's pixels.
        shown: bool (K,), which joints are drawn.
        keypoint_names: K names; those with left or right in them get their side's colour.
        width: of the lines, pixels.
        links: keypoint numbers that a line is drawn between; None: a body's, by name.
        colours: RGB of each keypoint; None: its side's.
    """
    joints = _drawable(np.rint(joints))
    colours = side_colours(keypoint_names) if colours is None else colours
    links = links_by_name(keypoint_names) if links is None else links
    edge = max(1, width // 3)
    drawn = [(a, b) for a, b in links if shown[a] and shown[b]]
    for a, b in drawn:
        ends = tuple(joints[a].tolist()), tuple(joints[b].tolist())
        cv2.line(canvas, *ends, _OUTLINE_RGB, width + 2 * edge, cv2.LINE_AA)
    for a, b in drawn:
        ends = tuple(joints[a].tolist()), tuple(joints[b].tolist())
        colour = colours[a] if colours[a] == colours[b] else MIDDLE_RGB
        cv2.line(canvas, *ends, colour, width, cv2.LINE_AA)
    for k in np.flatnonzero(shown):
        center = tuple(joints[k].tolist())
        cv2.circle(canvas, center, width + edge + 1, _OUTLINE_RGB, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(canvas, center, width + 1, colours[k], cv2.FILLED, cv2.LINE_AA)


def _draw_label(canvas: np.ndarray, box_xywh: np.ndarray, label: str, taken: list) -> None:
    """Write where least of the other labels is covered, above the box if it can be.

    Args:
        canvas: drawn on.
        box_xywh: the person's.
        label: ASCII.
        taken: left, top, width, height of the labels so far; this one's is added.
    """
    height = float(np.clip(min(canvas.shape[:2]) / 45, 9, 60))
    scale, thickness = height / _FONT_HEIGHT, max(1, round(height / 9))
    (text_width, text_height), _ = cv2.getTextSize(label, _FONT, scale, thickness)
    pad = max(2, round(height / 4))
    width, height = text_width + 2 * pad, text_height + 2 * pad
    x, y, w, h = box_xywh
    tops = (y - height, y, y + h - height, y + h)  # above, inside at both ends, below
    room = np.maximum(0, np.array(canvas.shape[1::-1]) - (width, height))
    corners = [
        np.clip((left, top), 0, room).astype(int) for left in (x, x + w - width) for top in tops
    ]
    left, top = min(corners, key=lambda c: sum(_overlap((*c, width, height), t) for t in taken))
    taken.append((left, top, width, height))
    corner = (int(left + width), int(top + height))
    cv2.rectangle(canvas, (int(left), int(top)), corner, _OUTLINE_RGB, cv2.FILLED)
    origin = (int(left + pad), int(top + pad + text_height))
    cv2.putText(canvas, label, origin, _FONT, scale, _TEXT_RGB, thickness, cv2.LINE_AA)


def _overlap(first_xywh: tuple, second_xywh: tuple) -> float:
    """Area that two rectangles share."""
    sides = [
        min(first_xywh[i] + first_xywh[i + 2], second_xywh[i] + second_xywh[i + 2])
        - max(first_xywh[i], second_xywh[i])
        for i in (0, 1)
    ]
    return max(0, sides[0]) * max(0, sides[1])
