"""A CSV file: a line a person, columns image, width, height and name_x, name_y[, name_v]."""

import csv
import io
from pathlib import Path

from utils.label_formats.labelled import LabelledImage, LabelledPerson, text_of, visibility_of


def read_table(path: Path) -> list[LabelledImage]:
    """Read people; an empty cell is no label. Lines of one image are its people.

    Args:
        path: the file, with a line of column names.

    Returns:
        The images.

    Raises:
        ValueError: a column is missing, a cell is no number, or a quote is not closed.
    """
    reader = csv.DictReader(io.StringIO(text_of(path), newline=""), strict=True)
    try:
        return _read(path, reader)
    except csv.Error as err:
        raise ValueError(
            f"{path}:{reader.line_num}: table must be CSV, got: {err}. Look for a quote that is "
            "not closed, in this line or above."
        ) from err


def _read(path: Path, reader: csv.DictReader) -> list[LabelledImage]:
    sizes: dict[str, tuple[int, int]] = {}
    people: dict[str, list[LabelledPerson]] = {}
    columns = reader.fieldnames or []
    names = [column[:-2] for column in columns if column.endswith("_x")]
    lacking = {"image", "width", "height", *(f"{name}_y" for name in names)} - set(columns)
    if lacking or not names:
        raise ValueError(
            f"{path}: table must have columns image, width, height, NAME_x and NAME_y, lacks "
            f"{', '.join(sorted(lacking)) or 'keypoints'}. Add them."
        )
    for row in reader:
        try:
            points = {
                name: (float(row[f"{name}_x"]), float(row[f"{name}_y"]), _visibility(row, name))
                for name in names
                if (row[f"{name}_x"] or "").strip()
            }
            sizes[row["image"]] = int(row["width"]), int(row["height"])
            people.setdefault(row["image"], []).append(LabelledPerson(points))
        except (ValueError, TypeError) as err:
            raise ValueError(
                f"{path}:{reader.line_num}: cells must be numbers, or empty: {err}. Correct it."
            ) from err
    return [LabelledImage(name, sizes[name], tuple(each)) for name, each in people.items()]


def _visibility(row: dict, name: str) -> int:
    return visibility_of(float(row.get(f"{name}_v") or 2))
