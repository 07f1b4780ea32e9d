"""People as COCO's keypoint results."""

from utils.people import People
from utils.people_json import rounded_keypoints


def people_to_coco(image_id: int, people: People) -> list[dict]:
    """Write people as COCO does: one record a person.

    Args:
        image_id: COCO's number of the image.
        people: K keypoints each.

    Returns:
        Records with ``image_id``, ``category_id`` 1, ``keypoints`` (x, y in hundredths of a pixel
        and the score with four decimals, K times), ``bbox`` (left, top, width, height) and
        ``score``.
    """
    return [
        dict(
            image_id=image_id,
            category_id=1,
            keypoints=sum(rounded_keypoints(keypoints, keypoint_scores), []),
            bbox=[round(float(value), 2) for value in box],
            score=round(float(score), 6),
        )
        for keypoints, keypoint_scores, box, score in zip(
            people.keypoints, people.keypoint_scores, people.boxes_xywh, people.scores, strict=True
        )
    ]
