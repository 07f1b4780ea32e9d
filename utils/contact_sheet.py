"""Many images in one: cells of one size, side by side, with a line of text below each."""

from collections.abc import Sequence

import cv2
import numpy as np

_STRIP = 22  # pixels below a cell that hold its caption
_FONT, _SCALE, _MARGIN = cv2.FONT_HERSHEY_SIMPLEX, 0.45, 6
_TEXT_RGB = (235, 235, 235)


def contact_sheet(
    images: Sequence[np.ndarray],
    *,
    columns: int,
    height: int | None = None,
    captions: Sequence[str] | None = None,
) -> np.ndarray:
    """Put images side by side.

    Args:
        images: uint8 (h, w, 3), RGB, of one size; at least one.
        columns: images in a row at most.
        height: images that are higher are scaled down to it, in pixels; None: none is.
        captions: a line of ASCII text for each image, cut where the cell ends; None: no text.

    Returns:
        uint8 (H, W, 3), RGB; cells that are left over are black.
    """
    rows, width = images[0].shape[:2]
    scale = 1.0 if height is None else min(1.0, height / rows)
    size_wh = (max(1, round(width * scale)), max(1, round(rows * scale)))
    cells = [cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA) for image in images]
    if captions is not None:
        cells = [_captioned(cell, text) for cell, text in zip(cells, captions, strict=True)]
    columns = min(columns, len(cells))
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    return np.vstack([np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)])


def _captioned(cell: np.ndarray, text: str) -> np.ndarray:
    strip = np.zeros((_STRIP, cell.shape[1], 3), np.uint8)
    cv2.putText(strip, text, (_MARGIN, _STRIP - _MARGIN), _FONT, _SCALE, _TEXT_RGB, 1, cv2.LINE_AA)
    return np.vstack([cell, strip])
