"""Predictions of a whole run as COCO results: scored, doubles and near doubles taken out."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from prepostprocess.keypoints.oks import oks_nms, soft_oks_nms


def to_coco_results(
    predictions: Sequence[dict],
    *,
    score_mode: str,
    keypoint_score_thr: float,
    nms_mode: str,
    nms_thr: float,
    sigmas: np.ndarray,
) -> list[dict]:
    """Turn predictions into COCO's records, equal to the bit to those of mmpose's ``CocoMetric``.

    Args:
        predictions: of one or more people each, as ``CocoMetric.process`` keeps them: ``id``,
            ``img_id``, ``category_id``, ``keypoints`` float (P, K, 2) source xy,
            ``keypoint_scores`` float (P, K), ``bbox_scores`` float (P,), and in all or none
            ``areas`` float (P,), source pixels squared.
        score_mode: "bbox", "keypoint", "bbox_keypoint" or "bbox_rle".
        keypoint_score_thr: for "bbox_keypoint", keypoints at or below it do not count.
        nms_mode: "oks_nms", "soft_oks_nms" or "none".
        nms_thr: threshold of the suppression.
        sigmas: float (K,), spread of each keypoint.
    Returns: ``image_id``, ``category_id``, ``keypoints`` (x, y, score, K times) and ``score`` of
        each person that is left; images in the order in which they were seen.
    """
    keypoints = np.concatenate([p["keypoints"] for p in predictions])
    keypoint_scores = np.concatenate([p["keypoint_scores"] for p in predictions])
    joined = np.concatenate([keypoints, keypoint_scores[..., None]], axis=-1)
    box_scores = np.concatenate([p["bbox_scores"] for p in predictions])
    if "areas" in predictions[0]:
        areas = np.concatenate([p["areas"] for p in predictions])
    else:
        areas = np.ptp(keypoints[..., 0], axis=1) * np.ptp(keypoints[..., 1], axis=1)
    scores = _score_people(box_scores, keypoint_scores, score_mode, keypoint_score_thr)
    sources = [p for p in predictions for _ in p["keypoints"]]
    kept = []
    for rows in _group_by_image(sources).values():
        if nms_mode != "none":
            rows = _suppress(rows, joined[..., :2], scores, areas, nms_mode, nms_thr, sigmas)
        kept.append(rows)
    kept = np.concatenate(kept)
    flat = joined[kept].reshape(len(kept), -1).tolist()
    return [
        dict(
            image_id=_plain(sources[row]["img_id"]),
            category_id=_plain(sources[row]["category_id"]),
            keypoints=numbers,
            score=score,
        )
        for row, numbers, score in zip(kept, flat, scores[kept].tolist(), strict=True)
    ]


def _suppress(
    rows: np.ndarray,
    keypoints: np.ndarray,
    scores: np.ndarray,
    areas: np.ndarray,
    mode: str,
    threshold: float,
    sigmas: np.ndarray,
) -> np.ndarray:
    """The rows of an image that are left."""
    if mode == "soft_oks_nms":
        kept = soft_oks_nms(keypoints[rows], scores[rows], areas[rows], threshold, sigmas)
        return rows[kept]
    rows = rows[scores[rows].argsort()[::-1]]  # mmpose's order of equal scores
    return rows[oks_nms(keypoints[rows], scores[rows], areas[rows], threshold, sigmas)]


def _score_people(
    box_scores: np.ndarray, keypoint_scores: np.ndarray, mode: str, threshold: float
) -> np.ndarray:
    """One score a person, float (N,), rounded where mmpose rounds."""
    if mode == "bbox":
        return box_scores
    if mode == "keypoint":
        return keypoint_scores.mean(axis=1)
    if mode == "bbox_rle":
        best = keypoint_scores.max(axis=1)
        return (box_scores + keypoint_scores.mean(axis=1) + best).astype(np.float64)
    total = np.zeros_like(keypoint_scores[:, 0])
    counts = np.zeros_like(total)
    for column in keypoint_scores.T:  # one after another, as mmpose adds them up
        counts += column > threshold
        total += np.where(column > threshold, column, 0)
    return box_scores * (total / np.maximum(counts, 1))


def _group_by_image(sources: list[dict]) -> dict[object, np.ndarray]:
    """Rows of each image; where people have ids, in their order and each id once."""
    rows_of = defaultdict(list)
    for row, source in enumerate(sources):
        rows_of[source["img_id"]].append(row)
    if not isinstance(sources[0]["id"], Sequence):  # bottom-up networks give lists of ids
        for rows in rows_of.values():
            rows.sort(key=lambda row: sources[row]["id"])
            ids = [sources[row]["id"] for row in rows]
            rows[1:] = [rows[i] for i in range(1, len(rows)) if ids[i] != ids[i - 1]]
    return {image: np.array(rows) for image, rows in rows_of.items()}


def _plain(number: object) -> object:
    """A NumPy number as Python's own, anything else as it is."""
    return number.item() if isinstance(number, np.generic) else number
