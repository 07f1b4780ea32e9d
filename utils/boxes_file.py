"""A detector's boxes as COCO results, which evaluation reads."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from utils.people import Detections

Found = tuple[str, tuple[int, int], Detections]  # file name, width and height, boxes


def numbers_of(path: Path) -> dict[str, int]:
    """Read the numbers that annotations give their images.

    Args:
        path: COCO annotations.

    Returns:
        File name to number.

    Raises:
        ValueError: no such file of annotations.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {image["file_name"]: image["id"] for image in content["images"]}
    except (ValueError, OSError, KeyError, TypeError, RecursionError) as err:
        raise ValueError(
            f"{path}: --labels must be COCO annotations with images, got {type(err).__name__}. "
            "Name another file, or leave it out."
        ) from err


def as_results(found: Sequence[Found], numbers: Mapping[str, int]) -> list[dict]:
    """Write boxes as COCO does: image_id, category_id 1, bbox, score.

    Args:
        found: of each image.
        numbers: file name to the image's number.

    Returns:
        One record a box; hundredths of a pixel.
    """
    return [
        dict(image_id=numbers[name], category_id=1, bbox=box, score=round(float(score), 6))
        for name, _, boxes in found
        for box, score in zip(_rounded(boxes), boxes.scores, strict=True)
    ]


def _rounded(boxes: Detections) -> list[list[float]]:
    return [[round(float(value), 2) for value in box] for box in boxes.boxes_xywh]
