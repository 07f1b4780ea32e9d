"""COCO's annotation file for drawn people, and the figures that sum it up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prepostprocess.keypoints.coco import COCO_SKELETON, KEYPOINT_NAMES
from utils.people_generator.scene import Scene

MADE_BY = "tools/make_people.py"  # in `info`: the mark of a folder that may be overwritten


@dataclass(frozen=True)
class PeopleStats:
    """What a generated set holds.

    Attributes:
        num_images, num_people: counts.
        occluded_share: of the keypoints within the images, how many are hidden (flag 1).
        overlap_share: of the images, in how many two figures overlap.
    """

    num_images: int
    num_people: int
    occluded_share: float
    overlap_share: float

    def __str__(self) -> str:
        return (
            f"{self.num_people} people in {self.num_images} images, "
            f"{self.occluded_share:.0%} of joints occluded, "
            f"people overlap in {self.overlap_share:.0%} of images"
        )


@dataclass(frozen=True)
class ImageRecord:
    """COCO's entries for one image: `image`, its `people` (without ids), and `overlap`."""

    image: dict
    people: list[dict]
    overlap: bool


def describe_scene(scene: Scene, index: int, file_name: str) -> ImageRecord:
    """Turn a scene's labels into COCO entries; image number `index` gets the id `index + 1`.

    Args:
        scene: what was drawn.
        index: of the image, from 0.
        file_name: of the image.

    Returns:
        Its entries.
    """
    height, width = scene.image.shape[:2]
    image = {"id": index + 1, "file_name": file_name, "width": width, "height": height}
    people = [
        {
            "image_id": index + 1,
            "category_id": 1,
            "keypoints": np.round(person.keypoints, 2).ravel().tolist(),
            "num_keypoints": int(np.count_nonzero(person.keypoints[:, 2])),
            "bbox": person.box_xywh.tolist(),
            "area": person.area,
            "iscrowd": 0,
        }
        for person in scene.people
    ]
    return ImageRecord(image, people, scene.overlap)


def build_annotations(records: Sequence[ImageRecord], seed: int) -> dict:
    """Join the entries of all images into the content of a COCO person-keypoint file.

    Args:
        records: of all images, in order.
        seed: of the set, to be written down.

    Returns:
        The content.
    """
    people = [person for record in records for person in record.people]
    return {
        "info": {"description": f"Drawn people, seed {seed}", "contributor": MADE_BY},
        "images": [record.image for record in records],
        "annotations": [{"id": number, **person} for number, person in enumerate(people, 1)],
        "categories": [
            {
                "id": 1,
                "name": "person",
                "supercategory": "person",
                "keypoints": list(KEYPOINT_NAMES),
                "skeleton": [[a + 1, b + 1] for a, b in COCO_SKELETON],  # COCO counts from 1
            }
        ],
    }


def summarise(records: Sequence[ImageRecord]) -> PeopleStats:
    """Count people, hidden keypoints and overlapping images."""
    people = [person for record in records for person in record.people]
    flags = np.array([person["keypoints"][2::3] for person in people])
    return PeopleStats(
        num_images=len(records),
        num_people=len(people),
        occluded_share=float(np.count_nonzero(flags == 1) / np.count_nonzero(flags)),
        overlap_share=sum(record.overlap for record in records) / len(records),
    )
