"""Ultralytics' pose labels: a text file an image, a line a person, all in shares of the image."""

from collections.abc import Sequence
from pathlib import Path

from utils.inference.sources import find_images
from utils.label_formats.labelled import (
    LabelledImage,
    LabelledPerson,
    sizes_of,
    text_of,
    visibility_of,
)


def read_yolo_pose(folder: Path, images: Path, names: Sequence[str]) -> list[LabelledImage]:
    """Read ``<name>.txt`` for each image: class, centre x and y, width, height, then keypoints.

    Args:
        folder: of the text files.
        images: of the images, at any depth.
        names: K keypoints; a line has 5 + 2K or 5 + 3K numbers.

    Returns:
        Images that have a text file.

    Raises:
        ValueError: a line with another number of numbers, or an image that cannot be read.

    Source: Ultralytics' documentation, "Pose Estimation Datasets Overview".
    """
    labelled = [
        (path.relative_to(images), folder / path.relative_to(images).with_suffix(".txt"))
        for path in find_images(str(images))
    ]
    labelled = [(name, text) for name, text in labelled if text.is_file()]
    sizes = sizes_of(folder, images, [name.as_posix() for name, _ in labelled])
    found = []
    for (name, text), size in zip(labelled, sizes, strict=True):
        people = []
        for number, line in enumerate(text_of(text).splitlines(), start=1):
            try:
                people += [_person(line.split(), names, size)] if line.strip() else []
            except ValueError as err:
                raise ValueError(f"{text}:{number}: {err}. Correct it.") from err
        found.append(LabelledImage(name.as_posix(), size, tuple(people)))
    return found


def _person(words: list[str], names: Sequence[str], size_wh: tuple[int, int]) -> LabelledPerson:
    try:
        numbers = [float(word) for word in words]
    except ValueError as err:
        raise ValueError(f"labels must be numbers, got {words[:8]}") from err
    per_point, rest = divmod(len(numbers) - 5, len(names))
    if rest or per_point not in (2, 3):
        raise ValueError(
            f"a person must have 5 + 2 or 3 times {len(names)} numbers, got {len(numbers)}; "
            "--keypoints must name what was labelled"
        )
    width, height = size_wh
    points = {}
    for index, name in enumerate(names):
        x, y, *seen = numbers[5 + per_point * index :][:per_point]
        visibility = visibility_of(seen[0]) if seen else (2 if (x, y) != (0, 0) else 0)
        if visibility > 0:
            points[name] = (x * width, y * height, visibility)
    x, y, w, h = numbers[1:5]
    box = ((x - w / 2) * width, (y - h / 2) * height, w * width, h * height)
    return LabelledPerson(points, box)
