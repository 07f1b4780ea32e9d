"""MPII's and LSPET's MATLAB files, nested as the published ones are."""

from pathlib import Path

import numpy as np
from scipy.io import savemat

EMPTY = np.zeros((0, 0))


def structs(entries: list[dict]) -> np.ndarray:
    """A 1xN struct array; a field that an entry lacks is [] there, as MATLAB does it."""
    fields = list(dict.fromkeys(key for entry in entries for key in entry))
    array = np.empty((1, len(entries)), [(field, object) for field in fields])
    for number, entry in enumerate(entries):
        for field in fields:
            array[0, number][field] = entry.get(field, EMPTY)
    return array


def mpii_person(points: list[tuple], **fields: object) -> dict:
    """A person of x, y, id and, where there is a fourth, is_visible."""
    names = ("x", "y", "id", "is_visible")
    rows = [dict(zip(names, point, strict=False)) for point in points]
    place = structs([{"x": 30.0, "y": 40.0}])
    head = {"x1": 10, "y1": 12, "x2": 20, "y2": 24, "scale": 0.5, "objpos": place}
    return {**head, "annopoints": structs([{"point": structs(rows)}]), **fields}


def write_mpii(path: Path, images: list[tuple[str, int, list[dict]]]) -> Path:
    """Write images: name, img_train, people."""
    annolist = structs(
        [
            {
                "image": structs([{"name": name}]),
                "annorect": structs(people) if people else EMPTY,
                "frame_sec": EMPTY,
                "vididx": EMPTY,
            }
            for name, _, people in images
        ]
    )
    trained_on = np.array([[flag for _, flag, _ in images]], np.uint8)
    release = {"annolist": annolist, "img_train": trained_on, "version": "12"}
    savemat(path, {"RELEASE": release}, do_compression=True)
    return path


def write_lsp(path: Path, joints: np.ndarray) -> Path:
    savemat(path, {"joints": joints})
    return path
