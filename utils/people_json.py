"""People as JSON, and lists of them in files."""

import json
from pathlib import Path

import numpy as np

from prepostprocess.files import write_whole
from utils.people import People


def people_to_json(people: People, ids: tuple[int, ...] | None = None) -> list[dict]:
    """Describe people with numbers and lists.

    Args:
        people: of one image, K keypoints each.
        ids: their identities, in a video.
    Returns: a dict a person: ``bbox`` [left, top, width, height] and ``keypoints`` K x [x, y,
        score], both in source pixels, ``score``, ``bbox_score`` and, with ``ids``, ``id``.
    """
    described = []
    for i in range(len(people)):
        described.append(
            dict(
                bbox=_rounded(people.boxes_xywh[i]),
                bbox_score=round(float(people.box_scores[i]), 4),
                score=round(float(people.scores[i]), 4),
                keypoints=rounded_keypoints(people.keypoints[i], people.keypoint_scores[i]),
            )
        )
        if ids is not None:
            described[-1]["id"] = ids[i]
    return described


def write_json(path: Path, records: list[dict]) -> None:
    """Write a list, a record a line, whole or not at all.

    Args:
        path: the file.
        records: what can be written as JSON.

    Raises: OSError: the file cannot be written.
    """
    lines = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    write_whole(path, f"[\n{lines}\n]\n")


def rounded_keypoints(keypoints: np.ndarray, scores: np.ndarray) -> list[list[float]]:
    """Write one person's keypoints as numbers of a reasonable length.

    Args:
        keypoints: float (K, 2), source xy.
        scores: float (K,).

    Returns:
        K x [x, y, score]: hundredths of a pixel, four decimals of the score.
    """
    pairs = zip(keypoints, scores, strict=True)
    return [[*_rounded(xy), round(float(score), 4)] for xy, score in pairs]


def _rounded(values: np.ndarray) -> list[float]:
    """Hundredths of a pixel."""
    return [round(float(value), 2) for value in values]
