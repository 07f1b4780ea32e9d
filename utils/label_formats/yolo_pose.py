"""Ultralytics' pose labels: a text file an image, a line a person, all in shares of the image."""

from collections.abc import Sequence
from pathlib import Path

from prepostprocess.image import load_rgb
from utils.inference.sources import find_images
from utils.label_formats.labelled import LabelledImage, LabelledPerson


def read_yolo_pose(folder: Path, images: Path, names: Sequence[str]) -> list[LabelledImage]:
    """Read ``<name>.txt`` for each image: class, centre x and y, width, height, then keypoints.

    Args:
        folder: of the text files.
        images: of the images, at any depth.
        names: K keypoints; a line has 5 + 2K or 5 + 3K numbers.

    Returns:
        Images that have a text file.

    Raises:
        ValueError: a line with another number of numbers.

    Source: Ultralytics' documentation, "Pose Estimation Datasets Overview".
    """
    found = []
    for path in find_images(str(images)):
        name = path.relative_to(images)
        text = folder / name.with_suffix(".txt")
        if not text.is_file():
            continue
        pixels = load_rgb(path)
        size = (pixels.shape[1], pixels.shape[0])
        lines = text.read_text(encoding="utf-8").splitlines()
        people = [
            _person(line.split(), names, size, f"{text}:{number}")
            for number, line in enumerate(lines, start=1)
            if line.strip()
        ]
        found.append(LabelledImage(name.as_posix(), size, tuple(people)))
    return found


def _person(
    words: list[str], names: Sequence[str], size_wh: tuple[int, int], place: str
) -> LabelledPerson:
    try:
        numbers = [float(word) for word in words]
    except ValueError as err:
        raise ValueError(f"{place}: labels must be numbers, got {words[:8]}. Correct it.") from err
    per_point, rest = divmod(len(numbers) - 5, len(names))
    if rest or per_point not in (2, 3):
        raise ValueError(
            f"{place}: a person must have 5 + 2 or 3 times {len(names)} numbers, got "
            f"{len(numbers)}. Name the keypoints as they were labelled: --keypoints."
        )
    width, height = size_wh
    points = {}
    for index, name in enumerate(names):
        x, y, *seen = numbers[5 + per_point * index :][:per_point]
        visibility = int(seen[0]) if seen else (2 if (x, y) != (0, 0) else 0)
        if visibility > 0:
            points[name] = (x * width, y * height, min(visibility, 2))
    x, y, w, h = numbers[1:5]
    box = ((x - w / 2) * width, (y - h / 2) * height, w * width, h * height)
    return LabelledPerson(points, box)
