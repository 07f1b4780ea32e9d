"""Can the numbers be pixels of their images, and do they fit together?

Letters: N people, K keypoints.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from utils.dataset_check.faults import ERROR, Fault, error, warning

MANY = 10  # people from which on "most of them" means something
_BEYOND = 1.5  # shares of an image's size: a little outside is still a share
_MOST_OUTSIDE = 0.25  # share of labelled keypoints and of boxes; photographs cut off fewer
_LEAST_SIDE = 200  # pixels of images whose labels of 0 to 100 are suspicious


def check_geometry(
    points: np.ndarray, boxes_xywh: np.ndarray, sizes_wh: np.ndarray, ids: Sequence, file: str
) -> list[Fault]:
    """Check that numbers can be pixels of their images.

    Args:
        points: float64 (N, K, 3), visibility settled.
        boxes_xywh: float64 (N, 4).
        sizes_wh: float64 (N, 2), of each person's image.
        ids: the annotations'.
        file: name of the file, for the faults.
    Returns: faults.
    """
    labelled = points[..., 2] > 0
    faults = _check_normalised(points, boxes_xywh, sizes_wh, file)
    if faults:
        return faults
    faults += _check_centres(points, boxes_xywh, labelled, ids, file) or _check_boxes(
        boxes_xywh, sizes_wh, ids, file
    )
    faults += _check_whole(points, boxes_xywh, sizes_wh, labelled, ids, file)
    at_origin = labelled & (points[..., :2] == 0).all(axis=-1)
    faults += warning(
        "at-origin",
        file,
        "labelled keypoints must not lie at 0, 0",
        named(ids, at_origin.any(axis=1)),
        "Write visibility 0 where nothing is labelled.",
    )
    outside = labelled & ((points[..., :2] < 0) | (points[..., :2] > sizes_wh[:, None])).any(-1)
    in_box = _check_in_box(points, boxes_xywh, labelled, ids, file)
    is_explained = any(fault.level == ERROR for fault in in_box)
    ends = boxes_xywh[:, :2] + boxes_xywh[:, 2:]
    are_beyond = (ends > 1.05 * sizes_wh).any(axis=1)  # who guesses cut-off legs keeps boxes inside
    shares = outside.sum() / max(labelled.sum(), 1), are_beyond.mean() if len(ids) else 0
    is_scaled = len(ids) >= MANY and min(shares) > _MOST_OUTSIDE and not is_explained
    faults += (error if is_scaled else warning)(
        "keypoint-outside",
        file,
        "labelled keypoints must lie inside their image",
        named(ids, outside.any(axis=1)),
        "Correct them, or write visibility 0.",
        "They look labelled on images of another size." if is_scaled else "",
    )
    return faults + in_box


def named(ids: Sequence, chosen: npt.ArrayLike) -> list[str]:
    """Name annotations, for a fault's examples.

    Args:
        ids: theirs, N.
        chosen: (N,), true for those to be named.

    Returns:
        Words.
    """
    return [f"annotation {ids[row]}" for row in np.flatnonzero(chosen).tolist()]


def shares_of_image(
    points: np.ndarray, boxes_xywh: np.ndarray, sizes_wh: np.ndarray
) -> tuple[int, int]:
    """Tell whether keypoints and boxes are shares of their image's size.

    Most people decide, so that a slip in some labels hides nothing.

    Args:
        points: float64 (N, K, 3), visibility settled.
        boxes_xywh: float64 (N, 4).
        sizes_wh: float64 (N, 2), of each person's image.

    Returns:
        For keypoints and for boxes: 1 for shares of 0 to 1, 100 for percent, 0 for pixels.
    """
    labelled = points[..., 2] > 0
    reach = np.where(labelled[..., None], points[..., :2], 0).max(axis=(1, 2), initial=0)
    ends = (boxes_xywh[:, :2] + boxes_xywh[:, 2:]).max(axis=1, initial=0)
    if (sizes_wh <= 10).any():
        return 0, 0
    known = reach > 0  # nothing is told by a person at 0, 0
    in_shares = labelled.sum() > 1 and known.any() and np.mean(reach[known] <= _BEYOND) > 0.5
    of_points, of_boxes = int(in_shares), int(len(ends) > 0 and np.median(ends) <= _BEYOND)
    if known.sum() < MANY or np.median(sizes_wh.min(axis=1)) < _LEAST_SIDE:
        return of_points, of_boxes
    is_low = not of_points and np.mean(reach[known] <= 101) > 0.95
    are_low = not of_boxes and np.mean(ends <= 101) > 0.95
    if is_low and are_low and ends.max() > 50:
        return 100, 100
    in_pixels = _share_inside(points[..., :2], boxes_xywh, labelled)[known].mean()
    scale = sizes_wh[:, None] / 100
    if is_low and in_pixels < 0.5:
        grown = points[..., :2] * scale
        of_points = 100 * int(_share_inside(grown, boxes_xywh, labelled)[known].mean() > 0.9)
    elif are_low and in_pixels < 0.5:
        grown = boxes_xywh * np.tile(scale[:, 0], 2)
        of_boxes = 100 * int(_share_inside(points[..., :2], grown, labelled)[known].mean() > 0.9)
    return of_points, of_boxes


def _check_normalised(
    points: np.ndarray, boxes_xywh: np.ndarray, sizes_wh: np.ndarray, file: str
) -> list[Fault]:
    found = shares_of_image(points, boxes_xywh, sizes_wh)
    told = [
        f"{what} of 0 to {most}"
        for what, most in zip(("keypoints", "boxes"), found, strict=True)
        if most
    ]
    by = " and divide by 100" if 100 in found else ""
    return error(
        "normalised",
        file,
        "keypoints and boxes must be in pixels",
        told,
        f"Multiply x by the image's width and y by its height{by}: tools/doctor.py --fix FILE.",
        "They look like shares of the image's size.",
    )


def _check_boxes(
    boxes_xywh: np.ndarray, sizes_wh: np.ndarray, ids: Sequence, file: str
) -> list[Fault]:
    ends = boxes_xywh[:, :2] + boxes_xywh[:, 2:]
    beyond = (ends > sizes_wh + 1).any(axis=1) | (boxes_xywh[:, :2] < -1).any(axis=1)
    as_corners = (boxes_xywh[:, 2:] > boxes_xywh[:, :2]).all(1) & (
        boxes_xywh[:, 2:] <= sizes_wh + 1
    ).all(axis=1)
    culprits = named(ids, beyond)
    corners = len(ids) >= MANY and as_corners.all() and beyond.mean() > 0.5
    if corners:
        return error(
            "bbox-corners",
            file,
            "bbox must be [x, y, width, height]",
            culprits,
            "Subtract x from the third number and y from the fourth.",
            "Boxes reach beyond their images, and would not as [left, top, right, bottom].",
        )
    rule = "boxes must lie inside their image"
    return warning(
        "bbox-outside", file, rule, culprits, "They are cut at its border; correct them."
    )


def _extents(points: np.ndarray, labelled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest x, y of each person's labelled keypoints, (N, 2) each."""
    masked = np.ma.array(points[..., :2], mask=np.repeat(~labelled[..., None], 2, axis=-1))
    return masked.min(axis=1).filled(0), masked.max(axis=1).filled(0)


def _check_centres(
    points: np.ndarray, boxes_xywh: np.ndarray, labelled: np.ndarray, ids: Sequence, file: str
) -> list[Fault]:
    """Tell boxes that begin with their centre: people then lie around the box's corner."""
    known = (labelled.sum(axis=1) > 1) & (boxes_xywh[:, 2:] > 0).all(axis=1)
    if known.sum() < MANY:
        return []
    low, high = _extents(points, labelled)
    offsets = ((low + high) / 2 - boxes_xywh[:, :2])[known] / boxes_xywh[known, 2:]
    are_centres = (np.abs(np.median(offsets, axis=0)) < 0.1).all()  # half a box, of good ones
    return error(
        "bbox-centre",
        file,
        "bbox must be [x, y, width, height]",
        named(ids, known & are_centres),
        "Subtract half the width from x and half the height from y.",
        "x and y are the left upper corner, and look like the box's centre.",
    )


def _check_whole(
    points: np.ndarray,
    boxes_xywh: np.ndarray,
    sizes_wh: np.ndarray,
    labelled: np.ndarray,
    ids: Sequence,
    file: str,
) -> list[Fault]:
    """Warn of boxes around the image in place of the person, who is then small in the crop."""
    low, high = _extents(points, labelled)
    is_whole = (np.abs(boxes_xywh - np.pad(sizes_wh, ((0, 0), (2, 0)))) <= 1).all(axis=1)
    is_small = (high - low < sizes_wh / 2).all(axis=1) & (labelled.sum(axis=1) > 1)
    are_most = len(ids) >= MANY and np.mean(is_whole & is_small) > 0.5
    return warning(
        "bbox-image",
        file,
        "boxes should be around people",
        named(ids, is_whole & is_small & are_most),
        "Leave bbox out and run tools/prepare_data.py coco, which draws them around keypoints.",
        "They are around the images, of which people fill less than half.",
    )


def _check_in_box(
    points: np.ndarray, boxes_xywh: np.ndarray, labelled: np.ndarray, ids: Sequence, file: str
) -> list[Fault]:
    """Warn of people most of whose joints lie outside their own box, and say what it looks like."""
    share = _share_inside(points[..., :2], boxes_xywh, labelled)
    are_out = (share < 0.5) & labelled.any(axis=1)
    cause = ""
    if are_out.sum() > len(ids) / 2:
        readings = {
            "x and y look exchanged.": points[..., 1::-1],
            "Keypoints look counted from the box's corner.": points[..., :2]
            + boxes_xywh[:, None, :2],
        }
        for words, other in readings.items():
            if np.mean(_share_inside(other, boxes_xywh, labelled)[are_out]) > 0.9:
                cause = words
    rule = "most labelled keypoints of a person must lie in the person's box"
    culprits = named(ids, are_out)
    make = error if cause and len(ids) >= MANY else warning
    return make("not-in-box", file, rule, culprits, "Correct boxes or keypoints.", cause)


def _share_inside(xy: np.ndarray, boxes_xywh: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    start, size = boxes_xywh[:, None, :2], boxes_xywh[:, None, 2:]
    margin = 0.25 * size
    inside = ((xy >= start - margin) & (xy <= start + size + margin)).all(axis=-1) & labelled
    return inside.sum(axis=1) / np.maximum(labelled.sum(axis=1), 1)
