"""Raw image files: .bin (bytes), .hex (16 bytes a line, right to left) and .txt (one a line)."""

import string
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .checks import as_size, check_image
from .colour import convert, read_format
from .formats import BYTES_PER_PIXEL, pack, unpack
from .loading import load_image

LINE = 16  # bytes a hex line
FILE_FORMATS = ("bin", "txt", "hex")


def _existing(path: str | Path, name: str) -> Path:
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: {name} must be an existing file. Check the path.")
    return path


def _read_arguments(fmt: str | None, size: Sequence[int] | None) -> tuple[str, tuple[int, int]]:
    return read_format(fmt, "fmt"), as_size(size, "size")


def _expected_bytes(path: Path, kind: str, size_wh: tuple[int, int]) -> int:
    if kind.endswith("422") and size_wh[0] % 2:
        raise ValueError(
            f"{path}: size must have an even width for {kind}, got {size_wh[0]}. Check the format."
        )
    return size_wh[0] * size_wh[1] * BYTES_PER_PIXEL[kind]


def read_raw(path: Path, kind: str, size_wh: tuple[int, int]) -> np.ndarray:
    """Read a raw .bin file as an image still in its format.

    Args:
        path: the file.
        kind: one of :data:`.colour.FORMATS`.
        size_wh: width and height, pixels.
    Returns: uint8 array as :func:`.formats.unpack` gives it.
    Raises: FileNotFoundError: no such file. ValueError: a wrong length, or an odd width for a
        4:2:2 format.
    """
    data = np.frombuffer(_existing(path, "image").read_bytes(), np.uint8)
    expected = _expected_bytes(path, kind, size_wh)
    if data.size != expected:
        raise ValueError(
            f"{path}: image must hold {expected} bytes for {size_wh[0]}x{size_wh[1]} {kind}, "
            f"got {data.size}. Check size and format."
        )
    return unpack(data.reshape(size_wh[1], -1), kind, size_wh[0])


def load_bin(
    image: str | Path,
    fmt: str | None = None,
    size: Sequence[int] | None = None,
    *,
    as_original: bool = False,
) -> np.ndarray:
    """Load a raw binary image as RGB888.

    Args:
        image: path of the file.
        fmt: RGB888, RGBA8888, RGB565, NIR, YUV444 or YUV, YCbCr444 or YCbCr, YUV422, YCbCr422.
        size: (width, height), pixels.
        as_original: YCbCr to RGB as the original's API computes it, see :func:`.colour.convert`.
    Returns: uint8 (H, W, 3) RGB.
    Raises: FileNotFoundError: no such file. ValueError: unknown format, no size, or a file whose
        length is not width x height x bytes per pixel (the original reads a longer one).
    Source: Kneron PPP ``funcs/utils.py``; layouts in :func:`.formats.pack`.
    """
    kind, size_wh = _read_arguments(fmt, size)
    pixels = read_raw(Path(image), kind, size_wh)
    return convert(pixels, "rgb888", kind, as_original=as_original)


def load_hex(
    file: str | Path,
    fmt: str | None = None,
    size: Sequence[int] | None = None,
    *,
    as_original: bool = False,
) -> np.ndarray:
    """Load a hex dump as RGB888: a heading line, then 16 bytes a line, the first at the right.

    Args:
        file: path of the file.
        fmt: as in :func:`load_bin`.
        size: (width, height), pixels.
        as_original: as in :func:`load_bin`.
    Returns: uint8 (H, W, 3) RGB.
    Raises: FileNotFoundError: no such file. ValueError: unknown format, no size, a line that is
        not 32 hex digits, or a wrong number of lines.
    Source: Kneron PPP ``funcs/utils.py``.
    """
    kind, size_wh = _read_arguments(fmt, size)
    path = _existing(file, "file")
    expected = _expected_bytes(path, kind, size_wh)
    lines = path.read_text(encoding="ascii", errors="replace").split("\n")[1:]
    rows = [line.strip() for line in lines if line.strip()]
    for number, row in enumerate(rows, start=2):
        if len(row) != 2 * LINE or set(row) - set(string.hexdigits):
            raise ValueError(
                f"{path}: line {number} must be {2 * LINE} hex digits, got {row[:40]!r}. "
                f"Dump the file again."
            )
    if len(rows) != -(-expected // LINE):
        raise ValueError(
            f"{path}: file must hold a heading and {-(-expected // LINE)} lines for "
            f"{size_wh[0]}x{size_wh[1]} {kind}, got {len(rows)} after the heading. "
            f"Check size and format."
        )
    data = np.frombuffer(bytes.fromhex("".join(rows)), np.uint8).reshape(-1, LINE)[:, ::-1]
    pixels = unpack(data.reshape(-1)[:expected].reshape(size_wh[1], -1), kind, size_wh[0])
    return convert(pixels, "rgb888", kind, as_original=as_original)


def _write_hex(path: Path, data: bytes, heading: str, as_original: bool) -> None:
    data += bytes(-len(data) % LINE)
    lines = [data[i : i + LINE][::-1].hex() for i in range(0, len(data), LINE)]
    path.write_text("\n".join([*([] if as_original else [heading]), *lines, ""]), encoding="ascii")


def dump_image(
    image: np.ndarray | str | Path,
    output: str | Path | None = None,
    file_fmt: str = "txt",
    image_fmt: str = "rgb888",
    order: int = 0,
    *,
    as_original: bool = False,
) -> None:
    """Write an image as raw bytes.

    Args:
        image: uint8 (H, W), (H, W, 3) RGB or (H, W, 4) RGBA, or the path of an image; a
            floating image only as txt in RGB888, value by value.
        output: path of the file; None writes nothing.
        file_fmt: "bin", "txt" (one value a line, 8 decimals) or "hex" (16 bytes a line, the
            first at the right, under a heading line).
        image_fmt: a format of :func:`.colour.convert`.
        order: 0, the only byte order there is (the original never reads it).
        as_original: hex without the heading that ``load_hex`` skips, YCbCr with chroma below
            128 one too high.
    Raises: ValueError: not an image, an unknown format, or an odd width for a 4:2:2 format.
    Source: Kneron PPP ``Flow.dump_image``; layouts in :func:`.formats.pack`.
    """
    word = str(file_fmt).strip().lower()
    if word not in FILE_FORMATS:
        listed = ", ".join(FILE_FORMATS)
        raise ValueError(f"file_fmt must be one of {listed}, got {file_fmt!r}. Pick one of them.")
    if order != 0:
        raise ValueError(f"order must be 0, got {order!r}. Leave it out.")
    kind = read_format(image_fmt, "image_fmt")
    pixels = load_image(image) if isinstance(image, (str, Path)) else image
    values = word == "txt" and kind == "rgb888"
    check_image(pixels, kinds="Bf" if values else "B")
    if output is None:
        return
    if pixels.dtype.kind == "f":
        np.savetxt(output, pixels.reshape(-1, 1), fmt="%.8f")
        return
    gray = pixels.ndim == 2 or pixels.shape[2] == 1
    source = "l" if gray else "rgba8888" if pixels.shape[2] == 4 else "rgb888"
    data = pixels if source == kind else convert(pixels, kind, source, as_original=as_original)
    data = pack(data, kind)
    if word == "bin":
        Path(output).write_bytes(data.tobytes())
    elif word == "txt":
        np.savetxt(output, data.reshape(-1, 1), fmt="%.8f")
    else:
        heading = f"{kind} {pixels.shape[1]}x{pixels.shape[0]}"
        _write_hex(Path(output), data.tobytes(), heading, as_original)
