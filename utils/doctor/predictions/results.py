"""Read predictions, and tell what keeps a metric from counting them at all."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from utils.dataset_check.faults import ERROR, Fault, error, warning
from utils.dataset_check.json_file import load_json
from utils.dataset_check.structure import are_finite, check_entry_keys, check_ids

_FORMS = "COCO's keypoint results, what tools/test.py --out writes, or inference_e2e.py's records"


@dataclass(frozen=True)
class Predictions:
    """Predicted people on images that the labels have.

    Attributes:
        image_ids: N, as the labels write them.
        points: float64 (N, K, 3), x, y, score.
        scores: float64 (N,).
    """

    image_ids: tuple[int | str, ...]
    points: np.ndarray
    scores: np.ndarray


def read_predictions(
    path: Path, images: Sequence[dict], category_id: int | str, num_keypoints: int
) -> tuple[Predictions | None, list[Fault]]:
    """Read a file of predictions.

    Args:
        path: COCO's keypoint results, a list of ``{image_id, keypoints, box, score}``, or records
            ``{img_path, lmk_...}``.
        images: of the labels.
        category_id: the labelled people's.
        num_keypoints: K.

    Returns:
        What can be compared with the labels, None if nothing can; faults.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no JSON.
    """
    file, content = str(path), load_json(path, f"a list of predictions: {_FORMS}")
    if content == []:
        return None, [_nobody(file, "an empty list")]
    if not isinstance(content, list):
        rule = f"it must be a list of predictions, got a {type(content).__name__}"
        return None, [Fault("no-predictions", ERROR, file, rule, cure=f"Write {_FORMS}.")]
    names = [PurePosixPath(image["file_name"]).name for image in images]
    ids = {name: image["id"] for name, image in zip(names, images, strict=True)}
    ids = {name: ids[name] for name, count in Counter(names).items() if count == 1}
    records = [_plain(entry, ids, num_keypoints) for entry in content]
    of_nobody = [_is_of_nobody(entry) for entry in content]
    empty = {r["image_id"] for r, is_empty in zip(records, of_nobody, strict=True) if is_empty}
    records = [r for r, is_empty in zip(records, of_nobody, strict=True) if not is_empty]
    if not records:
        return None, [_nobody(file, f"{len(empty)} images without people")]
    faults = _check_form(records, num_keypoints, file)
    if faults:
        return None, faults
    faults = _check_categories(records, category_id, file) + _check_scores(records, file)
    faults += _check_images(records, images, file, empty)
    known = {image["id"] for image in images}
    kept = [record for record in records if record["image_id"] in known]
    if not kept:
        return None, faults
    points = np.array([record["keypoints"] for record in kept], np.float64)
    found = Predictions(
        tuple(record["image_id"] for record in kept),
        points.reshape(len(kept), num_keypoints, 3),
        np.array([_score(record) for record in kept], np.float64),
    )
    return found, faults


def _check_form(records: list, num_keypoints: int, file: str) -> list[Fault]:
    faults = check_entry_keys(records, ("image_id", "keypoints"), "predictions", file)
    if not faults:
        faults = check_ids(records, ("image_id",), "predictions", file)
        others = [record for record in records if "category_id" in record]
        faults += check_ids(others, ("category_id",), "predictions", file)
    return faults or _check_keypoints(records, num_keypoints, file)


def _nobody(file: str, got: str) -> Fault:
    rule = f"it must be a list of predictions, got {got}"
    cure = "Nobody was predicted: check the boxes and the score threshold."
    return Fault("no-predictions", ERROR, file, rule, cure=cure)


def _is_of_nobody(entry: Any) -> bool:
    """Tell whether it is what inference_e2e.py writes of an image without people."""
    if not isinstance(entry, dict) or "image_id" in entry:
        return False
    landmarks = [value for key, value in entry.items() if key.startswith("lmk_")]
    return isinstance(entry.get("img_path"), str) and landmarks == [[]]


def _plain(entry: Any, ids: dict[str, int | str], num_keypoints: int) -> Any:
    """One form for all three: image_id, by file name where none is given, and a flat list."""
    if not isinstance(entry, dict):
        return entry
    record = dict(entry)
    if "image_id" not in record and isinstance(record.get("img_path"), str):
        name = PurePosixPath(record["img_path"].replace("\\", "/")).name
        record["image_id"] = ids.get(name, record["img_path"])
        landmarks = next((key for key in record if key.startswith("lmk_")), None)
        record["keypoints"] = record.get(landmarks, [])
    values = record.get("keypoints")
    if isinstance(values, list) and values and all(isinstance(row, list) for row in values):
        rows = [[*row, 1.0] if len(row) == 2 else row for row in values]
        record["keypoints"] = [value for row in rows for value in row]
    elif "img_path" in record and isinstance(values, list) and len(values) == 2 * num_keypoints:
        pairs = zip(values[::2], values[1::2], strict=True)
        record["keypoints"] = [value for x, y in pairs for value in (x, y, 1.0)]
    return record


def _score(record: dict) -> float:
    return record.get("score", 1.0)


def _check_keypoints(records: list[dict], count: int, file: str) -> list[Fault]:
    lengths = Counter(
        len(r["keypoints"]) if isinstance(r["keypoints"], list) else None for r in records
    )
    told = [
        f"{number} with {'no list' if length is None else f'{length} numbers'}"
        for length, number in lengths.most_common()
        if length != 3 * count
    ]
    rule = f"predictions must have {count} keypoints ({3 * count} numbers: x, y, score)"
    cure = "Predict with a network of the labels' keypoints."
    faults = error("prediction-keypoints", file, rule, told, cure)
    odd = [
        f"predictions[{i}]"
        for i, record in enumerate(records)
        if not told and not are_finite([*record["keypoints"], _score(record)])
    ]
    rule = "predictions must have finite numbers as keypoints and score"
    return faults + error("not-finite", file, rule, odd, "Look for what made NaN of them.")


def _check_categories(records: list[dict], wanted: int | str, file: str) -> list[Fault]:
    found = Counter(record["category_id"] for record in records if "category_id" in record)
    told = [f"{key!r} in {count}" for key, count in found.most_common() if key != wanted]
    make = error if wanted not in found else warning
    return make(
        "prediction-category",
        file,
        f"predictions must have the labels' category_id, {wanted!r}",
        told,
        f"Write {wanted!r}; all others are not counted.",
    )


def _check_scores(records: list[dict], file: str) -> list[Fault]:
    values = {_score(record) for record in records}
    told = []
    if len(values) == 1 and len(records) > 1:
        told = [f"{next(iter(values)):g} in all {len(records)}"]
    return warning(
        "prediction-scores",
        file,
        "scores must tell good predictions from bad ones",
        told,
        "Write the box's score times the mean score of the keypoints, as tools/test.py does.",
        "AP ranks predictions by score.",
    )


def _check_images(
    records: list[dict], images: Sequence[dict], file: str, empty: set
) -> list[Fault]:
    known = {image["id"] for image in images}
    strange = [f"{key!r}" for key in dict.fromkeys(r["image_id"] for r in records)]
    predicted = {record["image_id"] for record in records} & known
    if not predicted:
        return error(
            "prediction-images",
            file,
            "predictions must be on images of the labels, which have ids such as "
            + repr(images[0]["id"] if images else None),
            strange,
            "Write the labels' ids, or predict on the labels' images.",
            _why_strange([record["image_id"] for record in records], images),
        )
    tried = predicted | empty
    missing = [f"{image['file_name']}" for image in images if image["id"] not in tried]
    return warning(
        "prediction-missing",
        file,
        f"predictions should be on all of the labels' {len(images)} images",
        missing if len(missing) > len(images) / 10 else [],
        "Predict on the others too: AP counts their people as missed.",
    )


def _why_strange(ids: list, images: Sequence[dict]) -> str:
    """Say what unknown image ids are, if it can be seen."""
    known = {str(image["id"]) for image in images}
    stems = {PurePosixPath(image["file_name"]).stem for image in images}
    names = {PurePosixPath(image["file_name"]).name for image in images}
    numbers = {stem.lstrip("0") for stem in stems if stem.isdecimal()}
    texts = {str(key) for key in ids}
    if texts <= known:
        return "Numbers here are text there, or the reverse."
    if {PurePosixPath(text).name for text in texts} <= names | stems or texts <= numbers:
        return "They are the images' file names."
    if texts <= {str(number) for number in range(len(images) + 1)}:
        return "They count the images from the first."
    return "They are of another set of images."
