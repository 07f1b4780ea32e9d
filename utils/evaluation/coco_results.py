"""People as COCO's keypoint results."""

import numpy as np

from utils.people import People


def to_coco_results(image_id: int, people: People) -> list[dict]:
    """Write people as COCO does: one record a person.

    Args:
        image_id: COCO's number of the image.
        people: K keypoints each.
    Returns: records with ``image_id``, ``category_id`` 1, ``keypoints`` (x, y, score, K times, two
        decimals of a pixel), ``bbox`` (left, top, width, height) and ``score``.
    """
    flat = np.concatenate([people.keypoints, people.keypoint_scores[..., None]], axis=-1)
    return [
        dict(
            image_id=image_id,
            category_id=1,
            keypoints=[round(float(value), 4) for value in keypoints.ravel()],
            bbox=[round(float(value), 2) for value in box],
            score=round(float(score), 6),
        )
        for keypoints, box, score in zip(flat, people.boxes_xywh, people.scores, strict=True)
    ]
