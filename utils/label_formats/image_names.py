"""Names of images below their folder, of the paths that a label tool wrote."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePath


def names_below(folder: Path, *spellings: Sequence[PurePath]) -> list[str]:
    """Leave out the folders in front that all paths share, or else all folders.

    Of these names those are taken of which most are there, and of equal ones the longest.

    Args:
        folder: of the images.
        spellings: N paths each, as the tool may have written them, of wherever the images were.

    Returns:
        N names with forward slashes; without folders where no image is there.
    """
    forms = []
    for paths in spellings:
        parts = [path.parts[1:] if path.anchor else path.parts for path in paths]
        shared = len(os.path.commonprefix([each[:-1] for each in parts]))
        forms += [["/".join(each[start:]) for each in parts] for start in range(shared + 1)]
        forms.append([each[-1] for each in parts])
    found = [sum((folder / name).is_file() for name in names) for names in forms]
    return forms[found.index(max(found))] if any(found) else forms[-1]
