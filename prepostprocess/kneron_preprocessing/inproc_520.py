"""The KL520's input processor, tile by tile, with the seams that the tiles leave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .checks import as_bool, as_int
from .hardware import (
    MAX_LENGTH,
    Pads,
    Plan,
    Source,
    one_pass,
    pad_four_channels,
    plan,
    read_norm,
    read_source,
    turn,
)

# Columns of a source block are a multiple of this: 4 bytes and 2 columns. Other words have no
# entry in the original's table, so their blocks are not aligned.
COLUMN_UNITS = {"rgb888": 2, "rgb": 2, "yuv": 2, "yuv422": 2, "rgb565": 2, "nir": 4, "nir888": 4}
ROUND_COLUMNS, ROUND_VALUE = 16, 128


@dataclass(frozen=True)
class Span:
    """One tile along one axis: destination start and length, padding included."""

    start: int
    length: int
    pad_before: int
    pad_after: int

    @property
    def scaled(self) -> int:
        """Destination samples that come out of the resize."""
        return self.length - self.pad_before - self.pad_after


def split_axis(
    total: int, limit: int, pads: tuple[int, int], pad_mode: int, *, columns: bool
) -> list[Span]:
    """Cut the result into spans that one pass writes.

    Args:
        total: destination samples, padding included.
        limit: longest span.
        pads: padding before and after.
        pad_mode: as in :func:`inproc_520`.
        columns: columns divide evenly without a special last span, and round it up to 4.
    Returns: the spans in order; the first holds the padding before, the last that after.
    Raises: ValueError: a span that holds less than 2 samples besides padding.
    Source: Kneron PPP ``Flow``, cut_total and seg_cnt: a remainder below padding + 4 makes the
        last span padding + 4 (mode 0) or full (mode 1), the rest being cut from the start.
    """
    remainder, needed = total % limit, pads[1] + 4
    last = 0
    if pad_mode != 2 and remainder < needed and not (columns and remainder == 0):
        last = limit if pad_mode == 1 else needed
        if columns and pad_mode == 0:
            last = -(-needed // 4) * 4
    lengths = [limit] * ((total - last) // limit)
    if (total - last) % limit:
        lengths.append((total - last) % limit)
    lengths += [last] if last else []
    starts = np.cumsum([0, *lengths])
    ends = len(lengths) - 1
    spans = [
        Span(int(start), length, pads[0] if i == 0 else 0, pads[1] if i == ends else 0)
        for i, (start, length) in enumerate(zip(starts, lengths, strict=False))
    ]
    if sum(lengths) != total or min(span.scaled for span in spans) < 2:
        axis = "columns" if columns else "rows"
        raise ValueError(
            f"npu_size must leave every tile 2 {axis} besides padding, got tiles of {lengths} "
            f"{axis} with padding {pads[0]} and {pads[1]}. Use another npu_size or pad_mode."
        )
    return spans


def _source_rows(spans: list[Span], top: int, rows: int) -> Iterator[tuple[int, int]]:
    """Yield the first source row and the row count of each span."""
    scaled = sum(span.scaled for span in spans)
    first = spans[0].pad_before
    for span in spans:
        start = rows * max(span.start - first, 0) // scaled + top
        yield start, rows * span.scaled // scaled


def _source_columns(
    spans: list[Span], left: int, columns: int, unit: int
) -> Iterator[tuple[int, int]]:
    """Yield the first source column and the column count of each span; counts are aligned."""
    scaled = sum(span.scaled for span in spans)
    for span in spans:
        count = columns * span.scaled // scaled
        count -= count % unit
        yield left, count
        left += count


def normalise_520(image: np.ndarray, norm: str, radix: int) -> tuple[np.ndarray, int]:
    """Subtract and shift as the 520 does, modulo 256, and give the value of its padding.

    Args:
        image: uint8 pixels.
        norm: "kneron" and "tf" subtract 128, "yolo" 0.
        radix: fraction bits of the result; the shift is 8 - radix (7 - radix for "tf"), logical.
    Returns: uint8 two's complement values, and the padding: -128 shifted arithmetically, or 0.
    Raises: ValueError: a radix that would shift to the left.
    """
    bits = 7 if norm == "tf" else 8
    shift = bits - as_int(radix, "radix", 0, bits)
    if norm == "yolo":
        return image >> shift, 0
    return (image - np.uint8(128)) >> shift, (-128 >> shift) % 256


def _run_tiles(
    source: Source,
    made: Plan,
    columns: list[Span],
    rows: list[Span],
    unit: int,
    gray: bool,
    norm: str,
    radix: int,
) -> np.ndarray:
    x1, y1, x2, y2 = made.box
    strips = []
    for row, (top, height) in zip(rows, _source_rows(rows, y1, y2 - y1), strict=True):
        tiles = []
        blocks = _source_columns(columns, x1, x2 - x1, unit)
        for column, (left, width) in zip(columns, blocks, strict=True):
            if width < 1 or height < 1:
                raise ValueError(
                    f"npu_size must give every tile a source block, got {width}x{height} pixels "
                    f"for {column.length}x{row.length}. Crop more, or lower npu_size."
                )
            tile = source.tile((left, top, left + width, top + height), gray)
            tile = one_pass(tile, (column.scaled, row.scaled), "520")
            tile, value = normalise_520(tile, norm, radix)
            pads = Pads(column.pad_before, column.pad_after, row.pad_before, row.pad_after)
            tiles.append(pad_four_channels(tile, pads, value))
        strips.append(np.concatenate(tiles, axis=1))
    return np.concatenate(strips, axis=0)


def inproc_520(
    image: np.ndarray | str | Path,
    raw_fmt: str = "rgb565",
    raw_size: Sequence[int] | None = None,
    npu_size: Sequence[int] | None = None,
    crop_box: Sequence[float] | None = None,
    pad_mode: int | str = 0,
    norm: str = "kneron",
    gray: bool | str = False,
    rotate: int = 0,
    radix: int = 8,
    bit_width: int = 8,
    round_w_to_16: bool | str = True,
    NUM_BANK_LINE: int = 32,  # noqa: N803 - the original's names
    BANK_ENTRY_CNT: int = 512,  # noqa: N803
    MAX_IMG_PREPROC_ROW_NUM: int = 511,  # noqa: N803
    MAX_IMG_PREPROC_COL_NUM: int = 256,  # noqa: N803
) -> np.ndarray | str | Path:
    """Run the KL520's input processor: crop, colour, resize, normalise, pad, for each tile.

    Tiles are resized on their own, so seams are visible where they meet, as on the chip.

    Args:
        image: uint8 (H, W, 3) RGB, or the path of a raw .bin file.
        raw_fmt: the file's format, see :func:`.raw_files.load_bin`; ignored for an array.
        raw_size: the file's (width, height), pixels.
        npu_size: (width, height) of the network's input; None returns ``image`` itself.
        crop_box: (x1, y1, x2, y2), rounded outwards, pixels outside the image being 0 in
            ``raw_fmt``; None is the whole image. It is not aligned to 4; see ``get_crop_range``.
        pad_mode: 0 keeps the ratio and pads all sides, 1 pads right and below, 2 stretches.
        norm: "kneron" (x - 128), "yolo" (x) or "tf" (x - 128), shifted right logically by
            8 - radix ("tf": 7 - radix, so its radix is at most 7).
        gray: convert to gray, which is then channel 0, channels 1 to 3 being 0.
        rotate: 1 turns the result by a quarter clockwise, 2 counter-clockwise, before its width is
            rounded; the original scrambles results that are not square.
        radix: fraction bits, 0..8.
        bit_width: 8.
        round_w_to_16: append columns of 128 up to a width that is a multiple of 16.
        NUM_BANK_LINE: lines of a memory bank.
        BANK_ENTRY_CNT: 16 byte entries of a line; with the width they bound a tile's rows.
        MAX_IMG_PREPROC_ROW_NUM: rows of a tile, at most 511.
        MAX_IMG_PREPROC_COL_NUM: columns of a tile, at most 511.
    Returns: uint8 (h, w, 4), two's complement, channel 3 being 0 except in padding.
    Raises: ValueError: bad arguments; a file of the wrong length; padding above 127; a tile
        with less than 2 rows or columns besides padding or without source pixels; a ratio of
        256 or more. FileNotFoundError: no such file.
    Source: Kneron PPP ``Flow``; registers of the KL520 firmware headers.
    """
    if as_int(bit_width, "bit_width", 0) != 8:
        raise ValueError(f"bit_width must be 8, got {bit_width}. Leave it out.")
    source = read_source(image, raw_fmt, raw_size)
    if npu_size is None:
        return image
    made, mode = plan(source, npu_size, crop_box, pad_mode)
    width, height = made.scaled_wh
    total_columns = width + made.pads.left + made.pads.right
    total_rows = height + made.pads.top + made.pads.bottom
    lines = as_int(NUM_BANK_LINE, "NUM_BANK_LINE", 1)
    entries = as_int(BANK_ENTRY_CNT, "BANK_ENTRY_CNT", 1)
    row_limit = as_int(MAX_IMG_PREPROC_ROW_NUM, "MAX_IMG_PREPROC_ROW_NUM", 1, MAX_LENGTH)
    row_limit = min(row_limit, max(1, 4 * lines * entries // total_columns))
    column_limit = as_int(MAX_IMG_PREPROC_COL_NUM, "MAX_IMG_PREPROC_COL_NUM", 1, MAX_LENGTH)
    out = _run_tiles(
        source,
        made,
        split_axis(
            total_columns, column_limit, (made.pads.left, made.pads.right), mode, columns=True
        ),
        split_axis(total_rows, row_limit, (made.pads.top, made.pads.bottom), mode, columns=False),
        2 if isinstance(image, np.ndarray) else COLUMN_UNITS.get(raw_fmt.strip().lower(), 1),
        as_bool(gray, "gray"),
        read_norm(norm),
        radix,
    )
    out = turn(out, rotate)
    if as_bool(round_w_to_16, "round_w_to_16"):
        missing = -out.shape[1] % ROUND_COLUMNS
        out = np.pad(out, ((0, 0), (0, missing), (0, 0)), constant_values=ROUND_VALUE)
    return out
