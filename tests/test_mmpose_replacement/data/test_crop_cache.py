"""The cache of crops: same pixels, made once, made anew when anything changes, never half."""

import json
import multiprocessing
import os
import pickle
import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS

import mmpose_replacement  # noqa: F401 - registers the classes
from mmpose_replacement.data import crop_cache
from mmpose_replacement.data.crop_cache import CropCache, open_crop_cache
from mmpose_replacement.loading import KneronLoadImage
from prepostprocess.image import load_rgb

BOXES = {  # image: boxes xyxy; the first two of "b" are close together
    "a": [(10, 10, 40, 60)],
    "b": [(20, 30, 50, 70), (30, 35, 55, 75), (260, 150, 290, 190)],
}


@pytest.fixture
def people(tmp_path) -> list[dict]:
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    for name in BOXES:
        image = cv2.GaussianBlur(rng.integers(0, 256, (200, 300, 3), np.uint8), (7, 7), 0)
        cv2.imwrite(str(tmp_path / "images" / f"{name}.jpg"), image)
    return [
        {"img_path": str(tmp_path / f"images/{name}.jpg"), "bbox": np.float32([box])}
        for name, boxes in BOXES.items()
        for box in boxes
    ]


@pytest.fixture
def builds(monkeypatch) -> list:
    """The images that were decoded to make caches."""
    decoded = []
    monkeypatch.setattr(crop_cache, "load_rgb", lambda path: decoded.append(path) or load_rgb(path))
    return decoded


def open_(tmp_path, people, margin=3.0) -> CropCache:
    return open_crop_cache(tmp_path / "crops", "some", people, margin)


def check(cache: CropCache, people: list[dict], margin: float = 3.0) -> None:
    """Each person's part has the pixels of the file and the surroundings of the box."""
    assert len(cache) == len(people)
    for index, person in enumerate(people):
        part, (x, y, is_mirrored), shape_hw = cache.part(index)
        image = load_rgb(person["img_path"])
        height, width = part.shape[:2]
        assert not is_mirrored
        assert shape_hw == image.shape[:2]
        np.testing.assert_array_equal(part, image[y : y + height, x : x + width])
        left, top, right, bottom = person["bbox"][0]
        half = margin / 2 * max(right - left, bottom - top)
        assert x <= max((left + right) / 2 - half, 0)
        assert y <= max((top + bottom) / 2 - half, 0)
        assert x + width >= min((left + right) / 2 + half, image.shape[1])
        assert y + height >= min((top + bottom) / 2 + half, image.shape[0])


def test_parts_are_the_files_pixels_and_neighbours_share_them(tmp_path, people, builds):
    cache = open_(tmp_path, people)
    check(cache, people)
    assert len(builds) == 2  # each image once
    assert cache.part(1)[0].shape == cache.part(2)[0].shape != cache.part(3)[0].shape
    assert cache.num_bytes == os.path.getsize(cache.path)
    check(pickle.loads(pickle.dumps(cache)), people)
    assert not cache.part(0)[0].flags.writeable


def test_the_layout_is_as_documented(tmp_path, people):
    data = open_(tmp_path, people).path.read_bytes()
    magic, _, index, num_parts, num_people = struct.unpack("<8s32sQQQ", data[:64])
    assert (magic, num_parts, num_people) == (b"KNCROPS2", 3, 4)
    words = np.frombuffer(data[index:], "<i8")
    first = [64, 0, 0, 100, 110, 300, 200, zlib.crc32(data[64 : 64 + 100 * 110 * 3])]
    assert words[: 8 * num_parts].reshape(-1, 8)[0].tolist() == first
    assert words[8 * num_parts :].tolist() == [0, 1, 1, 2, zlib.crc32(data[index:-8])]


def test_it_is_made_once(tmp_path, people, builds):
    open_(tmp_path, people)
    del builds[:]
    check(open_(tmp_path, people), people)
    assert not builds


def test_annotations_of_one_name_have_caches_of_their_own(tmp_path, people, builds):
    parts = {"a/train.json": people[:2], "b/train.json": people[2:]}
    for _ in range(2):
        for name, part in parts.items():
            check(open_crop_cache(tmp_path / "crops", str(tmp_path / name), part, 3.0), part)
    assert len(builds) == 3  # each part's images once
    names = [path.name for path in (tmp_path / "crops").glob("*.crops")]
    assert len(names) == 2
    assert all(re.fullmatch(r"train-[0-9a-f]{8}\.crops", name) for name in names)


def touch(people):
    os.utime(people[0]["img_path"], (1, 1))
    return people, 3.0


def redraw(people):
    cv2.imwrite(people[0]["img_path"], np.full((200, 300, 3), 9, np.uint8))
    return people, 3.0


CHANGES = {
    "time of an image": touch,
    "content of an image": redraw,
    "box": lambda people: ([{**people[0], "bbox": np.float32([[9, 9, 40, 60]])}, *people[1:]], 3.0),
    "fewer people": lambda people: (people[:3], 3.0),
    "margin": lambda people: (people, 2.0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_is_made_anew_when_anything_changes(tmp_path, people, builds, change):
    before = open_(tmp_path, people)
    del builds[:]
    people, margin = change(people)
    check(open_(tmp_path, people, margin), people, margin)
    assert len(builds) == 2
    assert len(list(before.path.parent.glob("*.crops"))) == 1


def test_a_file_that_is_replaced_gives_its_own_pixels_or_none(tmp_path, people):
    cache = open_(tmp_path, people)
    elsewhere = pickle.dumps(cache)  # as a loader process gets it
    open_(tmp_path, people, 1.5)
    check(cache, people)
    with pytest.raises(ValueError, match=r"crop cache must be the file that this training opened"):
        pickle.loads(elsewhere).part(0)


@pytest.mark.parametrize("length", [0, 10, 5000, -1])
def test_a_truncated_file_is_made_anew(tmp_path, people, builds, length):
    path = open_(tmp_path, people).path
    data = path.read_bytes()
    path.write_bytes(data[:length])
    del builds[:]
    check(open_(tmp_path, people), people)
    assert path.read_bytes() == data
    assert len(builds) == 2


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize("place", [-1, -8, -20, -40, -230], ids=str)
def test_a_damaged_index_is_made_anew(tmp_path, people, place):
    path = open_(tmp_path, people).path
    flip(path, place)
    check(open_(tmp_path, people), people)


def test_damaged_pixels_are_refused(tmp_path, people):
    flip(open_(tmp_path, people).path, 5000)  # of the first person
    cache = open_(tmp_path, people)
    cache.part(1)
    with pytest.raises(ValueError, match=r"\.crops: crop cache must hold the pixels that were"):
        cache.part(0)


def test_a_fault_leaves_nothing_half_made(tmp_path, people):
    with open(people[-1]["img_path"], "wb") as file:
        file.write(b"no image")
    with pytest.raises(ValueError, match=r"b\.jpg: image must be a format"):
        open_(tmp_path, people)
    assert [path.suffix for path in (tmp_path / "crops").iterdir()] == [".lock"]


def open_and_report(arguments):
    folder, people = arguments
    cache = open_crop_cache(folder, "some", people, 3.0)
    return os.stat(cache.path).st_ino, [int(cache.part(i)[0].sum()) for i in range(len(people))]


def test_two_processes_share_one_file(tmp_path, people):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map(open_and_report, [(tmp_path / "crops", people)] * 2, chunksize=1)
    assert found[0] == found[1]  # the second one waited, and found the first one's file
    check(open_(tmp_path, people), people)


def test_a_finished_cache_may_lie_in_a_read_only_folder(tmp_path, people, monkeypatch):
    open_(tmp_path, people)
    monkeypatch.setattr(crop_cache, "_locked", None)  # root may write everywhere: ask for none
    check(open_(tmp_path, people), people)


def test_a_folder_that_cannot_be_written_is_named(tmp_path, people):
    (tmp_path / "crops").write_text("a file")
    with pytest.raises(ValueError, match=r"crop_cache must be a writable folder .* got Not a dir"):
        open_(tmp_path, people)


def test_a_margin_within_the_box_is_refused(tmp_path, people):
    with pytest.raises(ValueError, match=r"crop_margin must be at least 1, got 0\.5"):
        open_(tmp_path, people, 0.5)


def test_the_cameras_colour_is_refused_with_a_cache(tmp_path, people):
    part, origin, shape_hw = open_(tmp_path, people).part(0)
    with pytest.raises(ValueError, match="colour must be None where crop_cache is set"):
        KneronLoadImage("float", colour="yuv422")(
            {"img": part, "img_origin": origin, "img_shape": shape_hw}
        )


@pytest.fixture
def dataset(tmp_path, people, root):
    """Build the training data set of the COCO configuration on these people."""
    names = sorted({person["img_path"] for person in people})
    labels = {
        "images": [
            {"id": i, "file_name": os.path.basename(name), "width": 300, "height": 200}
            for i, name in enumerate(names)
        ],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [
            {
                "id": i,
                "image_id": names.index(person["img_path"]),
                "category_id": 1,
                "bbox": [left, top, right - left, bottom - top],
                "keypoints": [left + 1, top + 2, 2, right - 2, bottom - 1, 2] * 8 + [0, 0, 0],
                "num_keypoints": 16,
            }
            for i, person in enumerate(people)
            for left, top, right, bottom in person["bbox"].tolist()
        ],
    }
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    init_default_scope("mmpose")
    path = root / "configs/top_down/lite_hrnet/coco/litehrnet_18_coco_256x192.py"

    def build(word: str, **more):
        config = Config.fromfile(path).train_dataloader.dataset
        for step in config.pipeline:
            if "preprocess" in step:
                step.preprocess = word
        where = {"ann_file": "labels.json", "data_prefix": {"img": "images/"}}
        return DATASETS.build({**config, **where, "data_root": str(tmp_path), **more})

    return build


@pytest.mark.parametrize("word", ["float", "kneron_520", "kneron_720"])
def test_training_sees_the_same_bits_with_and_without(tmp_path, dataset, word):
    plain = dataset(word)
    cached = dataset(word, crop_cache=str(tmp_path / "crops"), crop_margin=1.5)
    state = np.random.get_state()
    for seed in range(40):
        samples = []
        for each in (plain, cached):
            np.random.seed(seed)
            samples.append(each[seed % 4])
        expected, found = samples
        np.testing.assert_array_equal(found["inputs"].numpy(), expected["inputs"].numpy())
        for key, value in expected["data_samples"].items():
            np.testing.assert_array_equal(found["data_samples"][key].numpy(), value.numpy())
    np.random.set_state(state)
    (affine,) = [step for step in cached.pipeline.transforms if hasattr(step, "num_beyond")]
    assert affine.num_parts == 40
    assert 0 < affine.num_beyond < 40


def test_a_cache_is_for_training(tmp_path, dataset):
    with pytest.raises(ValueError, match="crop_cache must be left out in test mode"):
        dataset("float", crop_cache=str(tmp_path), test_mode=True)
