"""What `--img-path` names: images, a video, or a camera; and which files are images."""

import glob
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

IMAGE_SUFFIXES = frozenset(
    ".avif .bmp .dib .exr .gif .hdr .jp2 .jpe .jpeg .jpg .pbm .pgm .pic .png .pnm .ppm .pxm .ras "
    ".sr .tif .tiff .webp".split()
)
VIDEO_SUFFIXES = frozenset(".avi .m4v .mjpeg .mkv .mov .mp4 .mpeg .mpg .ts .webm .wmv".split())
_STREAM = re.compile(r"(rtsp|rtmp|https?|udp)://", re.IGNORECASE)
DRAWN = "_pose"  # what a drawn image's name ends with


@dataclass(frozen=True)
class ImageSource:
    """What there is to look at.

    Attributes:
        images: image files, sorted; empty for a video or a camera.
        video: a video's path, a stream's address, or a camera's number.
        folder: the folder that the images were found in, where a folder was named.
    """

    images: tuple[Path, ...] = ()
    video: str | int | None = None
    folder: Path | None = None


def find_source(word: str) -> ImageSource:
    """Recognise a file, a folder (all images in it, at any depth), a pattern or a camera.

    Args:
        word: a path, a pattern with ``*``, ``?`` or ``[...]``, a stream's address, or a
            camera's number.
    Returns: what it names. Images that this toolkit drew beside their originals are left out.
    Raises: FileNotFoundError: there is nothing of that name. ValueError: a folder or pattern
        without images.
    """
    path = Path(word)
    if path.is_dir():
        return ImageSource(tuple(_images_in(path)), folder=path)
    if path.is_file():
        if path.suffix.lower() in VIDEO_SUFFIXES:
            return ImageSource(video=word)
        return ImageSource((path,))
    if _STREAM.match(word):
        return ImageSource(video=word)
    if word.isdigit():
        return ImageSource(video=int(word))
    if glob.has_magic(word):
        found = [Path(name) for name in glob.glob(word, recursive=True)]
        return ImageSource(tuple(_without_drawn(_only_images(found), word)))
    raise FileNotFoundError(
        f"{word}: --img-path must be a file, a folder, a pattern or a camera's number, got nothing "
        "of that name. Check the path."
    )


def find_images(word: str) -> tuple[Path, ...]:
    """Find the images that a word names.

    Raises: FileNotFoundError: there is nothing of that name. ValueError: it names no images.
    """
    source = find_source(word)
    if source.video is not None:
        raise ValueError(
            f"{word}: --img-path must be an image or a folder of images, got a video. "
            "Use inference.py --json for videos."
        )
    return source.images


def _images_in(folder: Path) -> list[Path]:
    """List the images of a folder and of the folders in it, sorted, drawn ones left out.

    Raises: ValueError: there are none.
    """
    return _without_drawn(_only_images(folder.rglob("*")), folder)


def _only_images(paths: Iterable[Path]) -> list[Path]:
    return sorted(p for p in paths if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())


def _without_drawn(paths: list[Path], where: str | Path) -> list[Path]:
    """Leave out ``a_pose.jpg`` where there is an ``a.*``."""
    originals = {path.with_suffix("") for path in paths}
    kept = [
        path
        for path in paths
        if not path.stem.endswith(DRAWN)
        or path.with_name(path.stem.removesuffix(DRAWN)) not in originals
    ]
    if not kept:
        raise ValueError(
            f"{where}: --img-path must hold images ({', '.join(sorted(IMAGE_SUFFIXES))}), got "
            "none. Check the path."
        )
    return kept
