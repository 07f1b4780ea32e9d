"""A detector's boxes as COCO results, which evaluation reads."""

import json
from collections.abc import Collection, Mapping, Sequence
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
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        return {image["file_name"]: image["id"] for image in content["images"]}
    except (ValueError, OSError, KeyError, TypeError, RecursionError) as err:
        raise ValueError(
            f"{path}: --labels must be COCO annotations with images, got {type(err).__name__}. "
            "Name another file, or leave it out."
        ) from err


def count_lost(numbers: Mapping[str, int], names: Collection[str], path: Path) -> int:
    """Count the labelled images that are not there.

    Args:
        numbers: file name to the image's number.
        names: of the images that are there.
        path: the annotations, for messages.

    Returns:
        How many there are.

    Raises:
        ValueError: none is there.
    """
    lost = [name for name in numbers if name not in names]
    if len(lost) == len(numbers):
        raise ValueError(
            f"{path}: file_name must name images of the folder, got none of {len(names)}: "
            f"{next(iter(lost), 'no name')} in place of {next(iter(names))}. Name the folder that "
            "they count from."
        )
    return len(lost)


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
