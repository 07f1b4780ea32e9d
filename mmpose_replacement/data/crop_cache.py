"""Decoded surroundings of all people of a data set in one memory-mapped file.

Layout, all integers little-endian: a header of 64 bytes (magic, SHA-256 of what the file was made
of, offset of the index, number of parts, number of people); the parts, uint8 (h, w, 3) RGB one
after the other; the index: int64 (parts, 8) rows of offset, x, y, w, h, the image's W, H and the
CRC-32 of the part, then int64 (people,) the part of each, then int64 the CRC-32 of the index.
People of one image share a part where that is smaller.
"""

import fcntl
import hashlib
import itertools
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from tqdm import tqdm

from mmpose_replacement.training_transforms import Origin
from prepostprocess.files import remove_leftovers, replacing
from prepostprocess.image import DECODER, load_rgb

MAGIC = b"KNCROPS2"
HEADER = struct.Struct("<8s32sQQQ")
_COLUMNS = 8  # offset, x, y, w, h, W, H, CRC-32


class CropCache:
    """What is kept of the images around each person.

    Args:
        path: a complete file of ``open_crop_cache``.

    Attributes:
        path: of the file.
        num_bytes: its size.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.num_bytes = path.stat().st_size
        with path.open("rb") as file:
            self._header = file.read(HEADER.size)
            _, _, index, num_parts, num_people = HEADER.unpack(self._header)
            self._pixels: np.ndarray | None = np.memmap(file, np.uint8, "r").view(np.ndarray)
            file.seek(index)
            self._parts = np.fromfile(file, "<i8", num_parts * _COLUMNS).reshape(-1, _COLUMNS)
            self._part_of_person = np.fromfile(file, "<i8", num_people)
        self._is_checked = np.zeros(num_parts, bool)

    def __len__(self) -> int:
        return len(self._part_of_person)

    def part(self, index: int) -> tuple[np.ndarray, Origin, tuple[int, int]]:
        """Look a person up.

        Args:
            index: place in the list that the file was made of.

        Returns:
            uint8 (h, w, 3) RGB, read-only, on the disk until it is touched; where it begins in
            the image; the image's (H, W).

        Raises:
            ValueError: another file has taken the place of the one that was opened, or its pixels
                are not those that were written.
        """
        if self._pixels is None:
            self._pixels = self._map_again()
        number = self._part_of_person[index]
        offset, x, y, width, height, *image_wh, checksum = self._parts[number].tolist()
        pixels = self._pixels[offset : offset + height * width * 3].reshape(height, width, 3)
        if not self._is_checked[number]:
            if zlib.crc32(pixels) != checksum:
                raise ValueError(
                    f"{self.path}: crop cache must hold the pixels that were written there, but "
                    "some have changed. Remove the file; it is made again."
                )
            self._is_checked[number] = True
        image_width, image_height = image_wh
        return pixels, Origin(x, y), (image_height, image_width)

    def _map_again(self) -> np.ndarray:
        """Map the file in another process than the one that opened it."""
        with self.path.open("rb") as file:
            if file.read(HEADER.size) != self._header:
                raise ValueError(
                    f"{self.path}: crop cache must be the file that this training opened, but it "
                    "was made anew of other people meanwhile. Start again, and give each training "
                    "a crop_cache folder of its own."
                )
            return np.memmap(file, np.uint8, "r").view(np.ndarray)

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_pixels": None}  # each process maps the file itself


def open_crop_cache(
    folder: str | Path, annotations: str, people: Sequence[dict], margin: float
) -> CropCache:
    """Open the cache of these people, after making it where there is none that fits.

    One process makes it, others that want it wait; it gets its name when it is complete.

    Args:
        folder: where caches are kept.
        annotations: path of the people's file; with that of the images' folder it makes the name.
        people: dicts with img_path, and bbox float (1, 4) xyxy, in source pixels.
        margin: side of the kept square in units of the box's longer side, at least 1.
    Returns: the cache, in the order of ``people``.
    Raises: ValueError: a margin below 1, or a folder in which the file cannot be made.
    """
    if margin < 1:
        raise ValueError(f"crop_margin must be at least 1, got {margin}. 3 suits the recipes here.")
    sources = (annotations, os.path.dirname(people[0]["img_path"]))
    unique = hashlib.sha256("\n".join(map(os.path.abspath, sources)).encode()).hexdigest()[:8]
    path = Path(folder, f"{Path(annotations).stem}-{unique}.crops")
    fingerprint = _fingerprint(people, margin)
    try:
        if not _fits(path, fingerprint):
            with _locked(path):
                if not _fits(path, fingerprint):  # another process may have made it meanwhile
                    _build(path, fingerprint, people, margin)
    except FileNotFoundError:  # an image that went away
        raise
    except OSError as err:
        raise ValueError(
            f"{path}: crop_cache must be a writable folder with room for the file, got "
            f"{err.strerror or err}. Name another folder, or leave crop_cache out."
        ) from err
    cache = CropCache(path)
    print_log(
        f"{path}: surroundings of {len(cache)} people, {cache.num_bytes / 1e9:.2f} GB",
        logger="current",
    )
    return cache


def _fingerprint(people: Sequence[dict], margin: float) -> bytes:
    """Digest all that the pixels depend on: images (name, size, time), boxes, margin, decoder."""
    digest = hashlib.sha256(f"{margin} {DECODER}".encode())
    for path in dict.fromkeys(person["img_path"] for person in people):
        status = os.stat(path)
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    for person in people:
        digest.update(person["img_path"].encode())
        digest.update(np.asarray(person["bbox"], "<f4").tobytes())
    return digest.digest()


def _fits(path: Path, fingerprint: bytes) -> bool:
    """Tell whether the file is there, complete, with a whole index, and made of the same."""
    try:
        with path.open("rb") as file:
            head = file.read(HEADER.size)
            if len(head) < HEADER.size:
                return False
            magic, found, index_at, num_parts, num_people = HEADER.unpack(head)
            num_bytes = 8 * (num_parts * _COLUMNS + num_people)
            size = os.fstat(file.fileno()).st_size
            if (magic, found, index_at + num_bytes + 8) != (MAGIC, fingerprint, size):
                return False
            file.seek(index_at)
            index, checksum = file.read(num_bytes), file.read(8)
    except FileNotFoundError:
        return False
    return checksum == _checksum(index)


def _checksum(index: bytes) -> bytes:
    return zlib.crc32(index).to_bytes(8, "little")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the file's lock; it ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(path: Path, fingerprint: bytes, people: Sequence[dict], margin: float) -> None:
    """Write the file beside its place, then move it there."""
    by_image: dict[str, list[int]] = {}
    for index, person in enumerate(people):
        by_image.setdefault(person["img_path"], []).append(index)
    part_of_person = np.zeros(len(people), "<i8")
    rows: list[tuple[int, ...]] = []
    print_log(f"{path}: decoding {len(by_image)} images once ...", logger="current")
    remove_leftovers(path)  # of a process killed here: nobody else holds the lock
    with replacing(path) as partial, partial.open("wb") as file:
        file.write(bytes(HEADER.size))
        for image_path, indices in tqdm(by_image.items(), "crop cache", disable=None):
            image = load_rgb(image_path)
            height, width = image.shape[:2]
            boxes = np.concatenate([people[index]["bbox"] for index in indices])
            for members, (left, top, right, bottom) in _merged(
                _surroundings(boxes, margin, (width, height))
            ):
                part_of_person[[indices[member] for member in members]] = len(rows)
                size = (right - left, bottom - top)
                part = np.ascontiguousarray(image[top:bottom, left:right])
                rows.append((file.tell(), left, top, *size, width, height, zlib.crc32(part)))
                file.write(part.data)
        index_at = file.tell()
        index = np.array(rows, "<i8").tobytes() + part_of_person.tobytes()
        file.write(index + _checksum(index))
        file.seek(0)
        file.write(HEADER.pack(MAGIC, fingerprint, index_at, len(rows), len(people)))


def _surroundings(
    boxes_xyxy: np.ndarray, margin: float, image_wh: tuple[int, int]
) -> list[tuple[int, int, int, int]]:
    """Squares around the boxes' centres, whole pixels, cut at the image's border."""
    center = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) * 0.5
    half = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).max(axis=1, keepdims=True) * (margin * 0.5)
    low = np.clip(np.floor(center - half), 0, np.array(image_wh) - 1)
    high = np.clip(np.ceil(center + half), low + 1, image_wh)
    return [tuple(row) for row in np.concatenate([low, high], axis=1).astype(int).tolist()]


def _merged(
    regions: list[tuple[int, int, int, int]],
) -> list[tuple[list[int], tuple[int, int, int, int]]]:
    """Join regions while one around both is no larger than the two."""
    groups = [([index], region) for index, region in enumerate(regions)]
    while pair := _worth_joining([region for _, region in groups]):
        first, second = pair
        members, region = groups.pop(second)
        groups[first] = (groups[first][0] + members, _around(groups[first][1], region))
    return groups


def _worth_joining(regions: list[tuple[int, int, int, int]]) -> tuple[int, int] | None:
    for first, second in itertools.combinations(range(len(regions)), 2):
        one, other = regions[first], regions[second]
        if _area(_around(one, other)) <= _area(one) + _area(other):
            return first, second
    return None


def _around(
    one: tuple[int, int, int, int], other: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    """The smallest region that holds both."""
    return (*map(min, one[:2], other[:2]), *map(max, one[2:], other[2:]))


def _area(region_xyxy: tuple[int, int, int, int]) -> int:
    left, top, right, bottom = region_xyxy
    return (right - left) * (bottom - top)
