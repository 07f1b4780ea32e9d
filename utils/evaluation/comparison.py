"""Compare end-to-end results with a ground truth: matching, Kneron's distances, OKS per joint.

Both files may be lists of ``{img_path, lmk_coco_body_17pts}`` or COCO's (keypoint annotations;
keypoint results).
"""

import logging
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from prepostprocess.keypoints.oks import keypoint_similarity, oks
from utils.dataset_check.coco_file import CocoFile, LabelRules, check_coco
from utils.dataset_check.json_file import load_json
from utils.dataset_check.people import AREA_OF_BOX
from utils.dataset_check.structure import are_finite
from utils.joints import COCO_JOINTS, Joints

METRICS = ("l1", "l2", "MAE")


@dataclass(frozen=True)
class Person:
    """A labelled or predicted person.

    Attributes:
        image: name of the image, or its COCO number.
        keypoints: float (K, 2), source xy.
        labelled: bool (K,), which of them count.
        area: source pixels squared.
        bbox_xywh: float (4,), source pixels.
        score: 0..1; 1 for labels and for records without one.
    """

    image: str | int
    keypoints: np.ndarray
    labelled: np.ndarray
    area: float
    bbox_xywh: np.ndarray
    score: float


@dataclass(frozen=True)
class Match:
    """A labelled person and the prediction for it, if there is one, with their similarity."""

    truth: Person
    prediction: Person | None
    similarity: float


def read_truth(
    path: Path,
    landmark_points: str,
    joints: Joints = COCO_JOINTS,
    category: str | int | None = None,
) -> tuple[list[Person], list[str], dict[int, str]]:
    """Read a ground truth in either form.

    Args:
        path: COCO keypoint annotations, or a list of records.
        landmark_points: the records' key.
        joints: the K keypoints.
        category: the people's, where a COCO file has several.
    Returns: the labelled people (those without a labelled point left out), the names of all
        images, and, for COCO, number: name of the image.
    Raises: ValueError: neither form, or nobody is labelled. FileNotFoundError: no such file.
    """
    content = load_json(path, "a list of records or a COCO keypoint file")
    if isinstance(content, dict):
        file = _checked(content, path, joints, category)
        for fault in file.faults:
            logging.getLogger(__name__).warning("%s", fault.line)
        people = file.content["annotations"]
        names = {image["id"]: image["file_name"] for image in content["images"]}
        poses = [
            _pose(path, names[a["image_id"]], a["keypoints"], a, len(joints.names))
            for a in people
            if not a.get("iscrowd")
        ]
        images = list(names.values())
    else:
        names = {}
        records = _check_records(path, content, "img_path", landmark_points)
        poses = [
            _pose(path, r["img_path"], r[landmark_points], r, len(joints.names)) for r in records
        ]
        images = list(dict.fromkeys(r["img_path"] for r in records))
    labelled = [p for p in poses if p is not None and p.labelled.any()]
    if not labelled:
        raise ValueError(
            f"{path}: somebody must have a labelled keypoint, got none of {len(poses)} people. "
            "Check that it is the right file."
        )
    return labelled, images, names


def coco_truth(path: Path, joints: Joints = COCO_JOINTS, category: str | int | None = None) -> dict:
    """Read COCO annotations as ``read_truth`` does, for a metric that takes such a file.

    Args:
        path: COCO keypoint annotations.
        joints: the K keypoints.
        category: the people's, where the file has several.
    Returns: the checked content; the people are of category 1, as results are.
    Raises: ValueError, FileNotFoundError: see ``read_truth``.
    """
    content = _checked(load_json(path, "a COCO keypoint file"), path, joints, category).content
    for entry in content["categories"]:
        entry["id"] = 1
    for person in content["annotations"]:
        person["category_id"] = 1
    return content


def read_results(
    path: Path,
    landmark_points: str,
    images: list[str],
    numbers: dict[int, str],
    joints: Joints = COCO_JOINTS,
) -> list[Person]:
    """Read predictions in either form, under the ground truth's image names.

    Args:
        path: a list of records, or COCO keypoint results.
        landmark_points: the records' key.
        images: names in the ground truth.
        numbers: number: name there, for COCO.
        joints: the K keypoints.
    Returns: the predicted people; all of their points count.
    Raises: ValueError: neither form, or no image that the ground truth has.
    """
    content = load_json(path, "a list of records or COCO keypoint results")
    first = content[0] if isinstance(content, list) and content else None
    is_coco = isinstance(first, dict) and "image_id" in first
    key, points = ("image_id", "keypoints") if is_coco else ("img_path", landmark_points)
    records = _check_records(path, content, key, points)
    name_of = numbers.get if is_coco else _NameMatcher(images).find
    known = [(name_of(record[key]), record) for record in records]
    if records and not any(name is not None for name, _ in known):
        raise ValueError(
            f"{path}: {key} must be as in the ground truth, got {records[0][key]!r} where that has "
            f"{images[0]!r}. Use inference_e2e.py's --relative-to and --path-prefix."
        )
    count = len(joints.names)
    poses = [_pose(path, name, r[points], r, count) for name, r in known if name is not None]
    return [
        Person(p.image, p.keypoints, np.ones(count, bool), p.area, p.bbox_xywh, p.score)
        for p in poses
        if p is not None
    ]


def match_people(
    truth: list[Person], predictions: list[Person], joints: Joints = COCO_JOINTS
) -> list[Match]:
    """Pair each labelled person with the most similar prediction of its image, each used once.

    Args:
        truth: labelled people.
        predictions: of the same images.
        joints: the K keypoints.
    Returns: one match a labelled person, in their order; the most similar pairs are made first.
    """
    by_image = defaultdict(list)
    for prediction in predictions:
        by_image[prediction.image].append(prediction)
    pairs = []
    for i, person in enumerate(truth):
        rivals = by_image[person.image]
        if rivals:
            points = np.stack([rival.keypoints for rival in rivals])
            similar = oks(points, person.keypoints, person.area, person.labelled, joints.sigmas)
            pairs += [(value, i, j) for j, value in enumerate(similar)]
    found, used = {}, set()
    for value, i, j in sorted(pairs, key=lambda pair: -pair[0]):
        if i not in found and (truth[i].image, j) not in used:
            found[i] = by_image[truth[i].image][j], float(value)
            used.add((truth[i].image, j))
    return [Match(person, *found.get(i, (None, 0.0))) for i, person in enumerate(truth)]


def distances(matches: list[Match]) -> dict[str, float]:
    """Kneron's regression metrics over the labelled points of all people that were found.

    ``l1`` is the mean of |dx| + |dy|, ``l2`` of the straight distance, ``MAE`` the mean of |dx| and
    |dy| over both coordinates (half of l1); all in source pixels.

    Returns: the three; NaN where nobody was found.
    """
    offsets = [
        (m.prediction.keypoints - m.truth.keypoints)[m.truth.labelled]
        for m in matches
        if m.prediction is not None
    ]
    return _means(np.concatenate(offsets) if offsets else np.zeros((0, 2)))


def joint_table(matches: list[Match], joints: Joints = COCO_JOINTS) -> list[dict]:
    """The same for each joint, with the number of labels and the mean similarity.

    A person that was not found counts with similarity 0, as in OKS, and in no distance.

    Args:
        matches: one a labelled person.
        joints: the K keypoints.

    Returns:
        A dict a joint: joint, labelled, the three distances, similarity.
    """
    rows = []
    for k, name in enumerate(joints.names):
        labelled = [m for m in matches if m.truth.labelled[k]]
        found = [(m.prediction, m.truth) for m in labelled if m.prediction is not None]
        offsets = np.array([(p.keypoints - t.keypoints)[k] for p, t in found]).reshape(-1, 2)
        similar = [
            keypoint_similarity(p.keypoints[k], t.keypoints[k], t.area, joints.sigmas[k])
            for p, t in found
        ]
        mean = sum(similar) / len(labelled) if labelled else float("nan")
        rows.append(dict(joint=name, labelled=len(labelled), **_means(offsets), similarity=mean))
    return rows


def to_coco(truth: list[Person], images: list[str], joints: Joints = COCO_JOINTS) -> dict:
    """A ground truth of records as COCO annotations; images are numbered from 1.

    Args:
        truth: the labelled people.
        images: names of all images.
        joints: the K keypoints.

    Returns:
        The content of an annotation file.
    """
    numbers = {name: i for i, name in enumerate(images, start=1)}
    return dict(
        images=[dict(id=i, file_name=name) for name, i in numbers.items()],
        categories=[dict(id=1, name="person", keypoints=list(joints.names))],
        annotations=[
            dict(
                id=i,
                image_id=numbers[str(p.image)],
                category_id=1,
                iscrowd=0,
                area=p.area,
                bbox=p.bbox_xywh.tolist(),
                num_keypoints=int(p.labelled.sum()),
                keypoints=np.column_stack([p.keypoints, 2 * p.labelled]).ravel().tolist(),
            )
            for i, p in enumerate(truth, start=1)
        ],
    )


def to_results(predictions: list[Person], numbers: dict[str, int]) -> list[dict]:
    """Predictions as COCO keypoint results; ``numbers`` is image name: number.

    Args:
        predictions: of a run.
        numbers: image name: number.

    Returns:
        Records, one a person.
    """
    return [
        dict(
            image_id=numbers[str(p.image)],
            category_id=1,
            score=p.score,
            keypoints=np.column_stack([p.keypoints, np.ones(len(p.keypoints))]).ravel().tolist(),
        )
        for p in predictions
    ]


def _checked(content: dict, path: Path, joints: Joints, category: str | int | None) -> CocoFile:
    rules = LabelRules(joints.names, category, evaluation_only=True)
    return check_coco(content, path, rules).require()


class _NameMatcher:
    """Find the ground truth's name of an image: the same, or else the same file name."""

    def __init__(self, images: list[str]) -> None:
        self._exact = set(images)
        self._by_file = defaultdict(list)
        for name in images:
            self._by_file[PurePosixPath(name).name].append(name)

    def find(self, name: str) -> str | None:
        """The ground truth's name, or None; two images of one file name are not guessed at."""
        if name in self._exact:
            return name
        rivals = self._by_file[PurePosixPath(name.replace("\\", "/")).name]
        return rivals[0] if len(rivals) == 1 else None


def _means(offsets: np.ndarray) -> dict[str, float]:
    """l1, l2 and MAE of float (N, 2) offsets."""
    if not len(offsets):
        return dict.fromkeys(METRICS, float("nan"))
    absolute = np.abs(offsets)
    return dict(
        l1=float(absolute.sum(axis=1).mean()),
        l2=float(np.hypot(*offsets.T).mean()),
        MAE=float(absolute.mean()),
    )


def _pose(path: Path, image: str, values: list, record: dict, count: int) -> Person | None:
    """Read a person in any of the four landmark layouts; None for an empty list."""
    numbers = _numbers(values)
    if not len(numbers):
        return None
    if len(numbers) not in (2 * count, 3 * count) or not np.isfinite(numbers).all():
        raise ValueError(
            f"{path}: landmarks of {image} must be {2 * count} or {3 * count} finite numbers, got "
            f"{len(numbers)}. Write them as inference_e2e.py does."
        )
    rows = numbers.reshape(count, -1)
    points = rows[:, :2]
    # No third value: a point at the origin or before it is COCO's and Kneron's "not labelled".
    labelled = np.asarray(rows[:, 2] > 0 if rows.shape[1] == 3 else (points > 0).any(axis=1))
    box, area, score = (record.get(key) for key in ("bbox", "area", "score"))
    has_box = box is None or (isinstance(box, list) and len(box) == 4 and are_finite(box))
    if not has_box or not are_finite([value for value in (area, score) if value is not None]):
        raise ValueError(
            f"{path}: bbox, area and score of {image} must be finite numbers where they are "
            "given, got something else. Correct them or leave them out."
        )
    if box is None:
        shown = points[labelled] if labelled.any() else points
        box = np.concatenate([shown.min(axis=0), np.ptp(shown, axis=0)])
        area = float(box[2] * box[3]) if area is None else area
    box = np.array(box, np.float64)
    area = float(AREA_OF_BOX * box[2] * box[3] if area is None else area)
    return Person(image, points, labelled, area, box, 1.0 if score is None else float(score))


def _numbers(values: object) -> np.ndarray:
    """Landmarks in any layout, float64 (n,); NaN alone for what are no numbers."""
    try:
        return np.array(values, np.float64).ravel()
    except (TypeError, ValueError, OverflowError):
        return np.array([np.nan])


def _check_records(path: Path, content: object, *keys: str) -> list[dict]:
    if not isinstance(content, list) or not all(isinstance(record, dict) for record in content):
        raise ValueError(
            f"{path}: it must be a list of records or a COCO keypoint file, got "
            f"{type(content).__name__}. Use inference_e2e.py's --save-path or --coco-json."
        )
    for key in keys:
        if any(key not in record for record in content):
            raise ValueError(
                f"{path}: each record must have '{key}', got one without. "
                "Name the landmarks' key with --landmark-points."
            )
    for record in content:
        name = record[keys[0]]
        if not isinstance(name, str) and (keys[0] == "img_path" or type(name) is not int):
            kind = "text" if keys[0] == "img_path" else "a number or text"
            raise ValueError(
                f"{path}: each record's {keys[0]} must be {kind}, got {name!r:.60}. Correct it."
            )
    return content
