"""Make a data set of drawn people: images in parallel, written whole or not at all."""

import json
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from prepostprocess.save_image import encode_rgb
from utils.people_generator.coco import (
    MADE_BY,
    ImageRecord,
    PeopleStats,
    build_annotations,
    describe_scene,
    summarise,
)
from utils.people_generator.scene import compose_scene
from utils.processes import serve

ANNOTATIONS = "annotations.json"
SIZE_LIMITS = (96, 2048)  # pixels, either side of an image
_JPEG_QUALITY = 88


def _write_image(index: int, *, folder: Path, seed: int, size_wh: tuple[int, int]) -> ImageRecord:
    """Draw image `index`, which depends on the seed and the index only, and write it."""
    scene = compose_scene(np.random.default_rng([seed, index]), size_wh)
    file_name = f"{index:06d}.jpg"
    (folder / file_name).write_bytes(encode_rgb(scene.image, ".jpg", _JPEG_QUALITY))
    return describe_scene(scene, index, file_name)


def _records(
    write: Callable[[int], ImageRecord], num_images: int, workers: int
) -> Iterator[ImageRecord]:
    """Write all images in order, in this process or in `workers` others."""
    if workers == 1:
        yield from map(write, range(num_images))
        return
    # A forked copy of a process that runs PyTorch's threads can hang; a spawned one cannot.
    context = multiprocessing.get_context("spawn")
    # One thread each: the processes already fill the cores.
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(os.getpid(),)
    ) as pool:
        try:
            yield from pool.map(write, range(num_images), chunksize=8)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start_worker(parent: int) -> None:
    cv2.setNumThreads(1)
    serve(parent)


def _check(
    out_dir: Path, counts: dict[str, int], size_wh: tuple[int, int], overwrite: bool
) -> None:
    for name, value in counts.items():
        least = 0 if name == "seed" else 1
        if value < least:
            raise ValueError(f"{name} must be {least} or more, got {value}.")
    for name, value in zip(("width", "height"), size_wh, strict=True):
        low, high = SIZE_LIMITS
        if not low <= value <= high:
            raise ValueError(f"{name} must be {low} to {high} pixels, got {value}. Try 384 x 288.")
    if not out_dir.exists() or (out_dir.is_dir() and not any(out_dir.iterdir())):
        return
    if not _is_ours(out_dir):
        raise FileExistsError(
            f"{out_dir} must be a new folder, got a file or a folder that {MADE_BY} did not make. "
            "Choose another one."
        )
    if not overwrite:
        raise FileExistsError(
            f"{out_dir} must be a new folder, got a set of people made before. "
            "Pass --overwrite (overwrite=True) to replace it."
        )


def _is_ours(folder: Path) -> bool:
    try:
        info = json.loads((folder / ANNOTATIONS).read_text(encoding="utf-8"))["info"]
        return info["contributor"] == MADE_BY
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _move_into_place(made: Path, out_dir: Path) -> None:
    """Let `made` take the place of `out_dir`, and remove what was there."""
    if out_dir.exists():
        old = made.with_name(made.name + ".old")
        out_dir.rename(old)
        made.rename(out_dir)
        shutil.rmtree(old)
    else:
        made.rename(out_dir)


def make_people(
    out_dir: str | os.PathLike,
    num_images: int,
    seed: int,
    *,
    width: int = 384,
    height: int = 288,
    workers: int = 1,
    overwrite: bool = False,
    progress: Callable[[Iterable], Iterable] = iter,
) -> PeopleStats:
    """Write `out_dir`/images/*.jpg and `out_dir`/annotations.json, a COCO keypoint set.

    The folder appears when it is complete. Image i depends on `seed`, i and the size only, so
    neither `num_images` nor `workers` changes it.

    Args:
        out_dir: folder to make; it may exist if empty, or if made here and `overwrite` is set.
        num_images: how many images, 1 or more.
        seed: 0 or more; sets of different seeds share no image.
        width: of every image, 96 to 2048 pixels.
        height: of every image, 96 to 2048 pixels.
        workers: processes that draw. More than one needs the calling script to be importable
            (`if __name__ == "__main__":`).
        overwrite: whether to replace a set made before.
        progress: wraps the sequence of finished images, as `tqdm` does.

    Returns: counts and shares of the set.

    Raises:
        ValueError: a count or a size is out of range.
        FileExistsError: `out_dir` is in use.
    """
    out_dir, size_wh = Path(out_dir), (width, height)
    counts = {"num_images": num_images, "seed": seed, "workers": workers}
    _check(out_dir, counts, size_wh, overwrite)
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{out_dir.name}.", dir=out_dir.parent))
    try:
        made.chmod(0o755)  # mkdtemp keeps everybody else out
        (made / "images").mkdir()
        write = partial(_write_image, folder=made / "images", seed=seed, size_wh=size_wh)
        records = list(progress(_records(write, num_images, workers)))
        annotations = json.dumps(build_annotations(records, seed))
        (made / ANNOTATIONS).write_text(annotations, encoding="utf-8")
        _move_into_place(made, out_dir)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return summarise(records)
