"""Ultralytics' pose labels: a text file an image, a line a person, all in shares of the image."""

from collections.abc import Sequence
from pathlib import Path

from utils.dataset_check.faults import name_some
from utils.inference.sources import IMAGE_SUFFIXES
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
        ValueError: a line with another number of numbers, an image that cannot be read, or labels
            without an image.

    Source: Ultralytics' documentation, "Pose Estimation Datasets Overview".
    """
    labelled = _pairs(folder, images)
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


def _pairs(folder: Path, images: Path) -> list[tuple[Path, Path]]:
    """Find the name of each image that has a text file, and that file."""
    paths = sorted(path for path in images.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    names = [path.relative_to(images) for path in paths if path.is_file()]
    if not names:
        raise ValueError(
            f"{images}: --images must hold images ({', '.join(sorted(IMAGE_SUFFIXES))}), got none. "
            "Check the path."
        )
    wanted = {folder / name.with_suffix(".txt") for name in names}
    others = sorted(set(folder.rglob("*.txt")) - wanted - {folder / "classes.txt"})
    lost = [path.relative_to(folder).as_posix() for path in others if text_of(path).strip()]
    if lost:
        raise ValueError(
            f"{folder}: labels must have an image of their name in {images}, got {len(lost)} "
            f"without: {name_some(lost)}. Add the images, or take these files out."
        )
    pairs = [(name, folder / name.with_suffix(".txt")) for name in names]
    return [(name, text) for name, text in pairs if text.is_file()]


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
