"""COCO-style and MPII data sets that check their files first and count what they leave out."""

import logging
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmpose.datasets.datasets import BaseCocoStyleDataset, CocoDataset, MpiiDataset
from mmpose.registry import DATASETS
from xtcocotools.coco import COCO

from mmpose_replacement.data.crop_cache import open_crop_cache
from mmpose_replacement.data.regions import LEAST_AREA, RandomRegions
from prepostprocess.crop.box import xywh_to_xyxy
from utils.dataset_check.coco_file import CocoFile, LabelRules, read_coco
from utils.dataset_check.detections import check_boxes_fit, read_detections
from utils.dataset_check.faults import Fault, refuse_errors
from utils.dataset_check.image_files import (
    check_image_sizes,
    check_images_exist,
    check_images_inside,
    require_images,
)
from utils.dataset_check.json_file import load_json
from utils.dataset_check.mpii import check_mpii
from utils.dataset_check.skeleton import check_skeleton

MPII_PIXELS_PER_SCALE = 200.0  # MPII's `scale` is the person's height divided by this
MPII_CENTER_SHIFT = (
    15.0  # `center` is moved down by this times `scale`, as all who train on MPII do
)


class _CheckedDataset(BaseCocoStyleDataset):
    """What both data sets share: images are looked up by name, unused people are counted.

    Args:
        crop_cache: folder in which the decoded surroundings of all people are kept, for training;
            None reads the images themselves.
        crop_margin: side of the kept square in units of the box's longer side.
        **arguments: mmpose's.

    Attributes:
        crops: the opened cache, or None.
    """

    unlabelled = False  # nobody without a label is taken
    FOR_PIPELINE = (
        "upper_body_ids",
        "lower_body_ids",
        "flip_pairs",
        "dataset_keypoint_weights",
        "flip_indices",
        "skeleton_links",
    )
    NOT_FOR_TRAINING = ("raw_ann_info", "segmentation")  # long, and unpacked for every sample

    def __init__(
        self, *, crop_cache: str | None = None, crop_margin: float = 3.0, **arguments: object
    ) -> None:
        if crop_cache and arguments.get("test_mode"):
            raise ValueError(
                f"crop_cache must be left out in test mode, got {crop_cache!r}. It is for training."
            )
        self.crop_cache = crop_cache
        self.crop_margin = crop_margin
        self.crops = None
        super().__init__(**arguments)

    @classmethod
    def _load_metainfo(cls, metainfo: dict | None = None) -> dict:
        """Check the description of the keypoints as a whole, then let mmpose parse it."""
        if metainfo and "from_file" not in metainfo:
            refuse_errors(check_skeleton(metainfo, f"{cls.__name__}.metainfo"))
            points = metainfo["keypoint_info"]
            # mmpose makes the mirror in the order of the entries, and a config that mmengine has
            # written into a work directory has them sorted as text: 0, 1, 10, 11, ..., 2
            metainfo = {**metainfo, "keypoint_info": {k: points[k] for k in sorted(points)}}
        return super()._load_metainfo(metainfo)

    def load_data_list(self) -> list[dict]:
        """Read the people, then look up their images.

        Raises:
            ValueError: a fault in the annotation or detection file, or nobody is left.
            FileNotFoundError: a missing file, or missing images.
        """
        if not getattr(self, "outside_images", False):
            require_images(self.ann_file, self.data_prefix["img"])
        data_list = super().load_data_list()
        if not data_list:
            raise ValueError(
                f"{self.bbox_file or self.ann_file}: it must hold at least one person with a box "
                "and a labelled keypoint, got none. Check that it is the right file. "
                "train.py --teacher FILE learns from people without labels too."
            )
        paths = (person["img_path"] for person in data_list)
        self._judge(check_images_exist(self.ann_file, paths))
        self._judge(check_image_sizes(self.ann_file, self._stated_sizes(data_list)))
        if not self.test_mode:
            for person in data_list:
                for key in self.NOT_FOR_TRAINING:
                    person.pop(key, None)
        if self.crop_cache:
            self.crops = open_crop_cache(
                self.crop_cache, self.ann_file, data_list, self.crop_margin
            )
            for index, person in enumerate(data_list):
                person["crop_index"] = index
        return data_list

    def get_data_info(self, idx: int) -> dict:
        """Return a person's own copy of the labels, with facts about the keypoints.

        The latter are shared by all people and must not be written to (mmpose copies them). With a
        cache also img, the part of the image that is kept, with img_origin and img_shape.
        """
        data_info = self._labels_of(idx)
        if self.crops is not None:
            part, origin, shape_hw = self.crops.part(data_info.pop("crop_index"))
            data_info.update(img=part, img_origin=origin, img_shape=shape_hw)
        return data_info

    def _labels_of(self, index: int) -> dict:
        facts = {key: self._metainfo[key] for key in self.FOR_PIPELINE}
        return BaseDataset.get_data_info(self, index) | facts

    def _stated_sizes(self, data_list: list[dict]) -> list[tuple[str, tuple[int, int]]]:
        """Path, and width and height as the annotation file says, of each image that is used."""
        return []

    def _judge(self, faults: Sequence[Fault]) -> None:
        """Refuse errors; tell everything else.

        Raises: DatasetError, FileNotFoundError: an error is among them.
        """
        for fault in faults:
            if fault.kind == "image-missing":
                raise FileNotFoundError(fault.line)
        refuse_errors(faults)
        for fault in faults:
            level = logging.WARNING if fault.level == "warning" else logging.INFO
            print_log(fault.line, logger="current", level=level)

    def _get_topdown_data_infos(self, instance_list: list[dict]) -> list[dict]:
        """Leave out whom mmpose leaves out, and say how many and why."""
        kept, reasons = [], Counter()
        for person in instance_list:
            if self._is_valid_instance(person):
                kept.append(person)
            else:
                reasons[self._reason(person)] += 1
        self._log_left_out(reasons, len(kept))
        return kept

    def _reason(self, person: dict) -> str:
        """Say why a person is left out."""
        if person.get("iscrowd"):
            return "crowd"
        if _is_zero_size(person["bbox"][0]):
            return "with a box of zero size"
        small = ", of less than 32x32 pixels" if self.unlabelled else ""
        return f"without a labelled keypoint{small}"

    def _log_left_out(self, reasons: Counter, num_kept: int) -> None:
        """One line, only if anybody was left out."""
        if reasons:
            told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
            print_log(
                f"{self.bbox_file or self.ann_file}: {num_kept} people used, left out: {told}",
                logger="current",
            )


def _is_zero_size(box_xyxy: np.ndarray) -> bool:
    return bool(np.any(box_xyxy[2:] - box_xyxy[:2] <= 0))


def _is_outside(box_xyxy: np.ndarray, image_wh: tuple[int, int]) -> bool:
    return bool(np.any(box_xyxy[2:] <= 0) or np.any(box_xyxy[:2] >= image_wh))


@DATASETS.register_module()
class KneronCocoDataset(_CheckedDataset, CocoDataset):
    """COCO keypoints, or own data in the same form; arguments as mmpose's ``CocoDataset``.

    ``bbox_file`` (detector boxes, test mode only) may cover more images than ``ann_file``: boxes on
    other images are counted and left out.

    Args:
        category: name or id of the person's category, where the file has several.
        visible_above: visibility above this is a label, any other none; None admits 0, 1, 2 and -1
            (no label). The metric understands the labels in the same way.
        outside_images: read images whose ``file_name`` leads out of the image folder.
        unlabelled: take people without a labelled joint too, for a teacher to label; those of less
            than 32x32 pixels, COCO's limit of "small", are too few pixels to teach on.
        random_regions: of ``RandomRegions``: after the people come boxes of their pictures without
            a label, drawn anew whenever they are asked for. A cache of crops does not serve them.
        **arguments: of ``_CheckedDataset`` and of mmpose.
    """

    def __init__(
        self,
        *,
        category: str | int | None = None,
        visible_above: float | None = None,
        outside_images: bool = False,
        unlabelled: bool = False,
        random_regions: dict | None = None,
        **arguments: object,
    ) -> None:
        self.outside_images = outside_images
        self.category, self.visible_above = category, visible_above
        self.unlabelled = unlabelled
        self.regions = RandomRegions(**random_regions) if random_regions else None
        self._first_people: list[int] = []  # of the pictures that give regions
        super().__init__(**arguments)

    def full_init(self) -> None:
        """Read the people, then note what a teacher alone can label."""
        if self._fully_initialized:
            return
        super().full_init()
        if not self.unlabelled:
            return
        first: dict[int, int] = {}
        num_unlabelled = 0
        for index in range(super().__len__()):
            person = self._labels_of(index)
            first.setdefault(person["img_id"], index)
            num_unlabelled += not person["num_keypoints"]
        told = [f"{num_unlabelled} people without labels"] if num_unlabelled else []
        if self.regions:
            self._first_people = [
                person for n, person in first.items() if self.regions.fits(self._image_wh(n))
            ]
            images = f"{len(self._first_people)} images"
            told.append(f"{self.regions.number} random regions of each of {images}")
        if told:
            print_log(f"{self.ann_file}: {', '.join(told)}, for a teacher", logger="current")

    def __len__(self) -> int:
        regions = self.regions.number * len(self._first_people) if self.regions else 0
        return super().__len__() + regions

    def get_data_info(self, idx: int) -> dict:
        """Return a person as all data sets do; after the people, a random region."""
        number = idx - super().__len__()
        if number < 0:
            return super().get_data_info(idx)
        person = self._labels_of(self._first_people[number // self.regions.number])
        image_wh = self._image_wh(person["img_id"])
        return self.regions.in_place_of(person, image_wh) | {"sample_idx": idx}

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        """Check the file, then read images and people in mmpose's form."""
        self._index_annotations()
        images = self.coco.loadImgs(self.coco.getImgIds())
        if not self.outside_images:
            self._judge(check_images_inside(self.ann_file, [i["file_name"] for i in images]))
        for image in images:
            image["img_id"] = image["id"]
            image["img_path"] = self._image_path(image)
        people = [
            self.parse_data_info(dict(raw_ann_info=person, raw_img_info=image))
            for image in images
            for person in self.coco.imgToAnns[image["id"]]
        ]
        return people, images

    def _is_valid_instance(self, data_info: dict) -> bool:
        """Take whom mmpose takes and, if asked for, people without labels."""
        if super()._is_valid_instance(data_info):
            return True
        sides = data_info["bbox"][0, 2:] - data_info["bbox"][0, :2]
        is_large = min(sides) > 0 and np.prod(sides) >= LEAST_AREA
        return self.unlabelled and not data_info.get("iscrowd") and bool(is_large)

    def _load_detection_results(self) -> list[dict]:
        """Read detector boxes; keypoints are placeholders, so that only AP can be computed."""
        category = self._index_annotations().category
        boxes = read_detections(self.bbox_file, category, set(self.coco.imgs))
        self._judge([*boxes.faults, *check_boxes_fit(boxes, self.coco.dataset)])
        num_keypoints = self.metainfo["num_keypoints"]
        data_list, reasons = [], Counter()
        if boxes.num_other:
            reasons["of another category"] = boxes.num_other
        for detection in boxes.content:
            box_xyxy = xywh_to_xyxy(detection["bbox"][:4])  # as a runner does with these numbers
            image = self.coco.imgs.get(detection["image_id"])
            if image is None:
                reasons["on images that the annotation file does not list"] += 1
            elif _is_zero_size(box_xyxy):
                reasons["with a box of zero size"] += 1
            elif _is_outside(box_xyxy, self._image_wh(image["id"])):
                reasons["with a box outside the image"] += 1
            else:
                data_list.append(
                    dict(
                        id=len(data_list),
                        img_id=image["id"],
                        img_path=self._image_path(image),
                        img_shape=(image["height"], image["width"]),
                        category_id=category["id"],
                        bbox=box_xyxy[None],
                        bbox_score=np.array([detection["score"]], np.float32),
                        keypoints=np.zeros((1, num_keypoints, 2), np.float32),
                        keypoints_visible=np.ones((1, num_keypoints), np.float32),
                    )
                )
        self._log_left_out(reasons, len(data_list))
        return data_list

    def _index_annotations(self) -> CocoFile:
        names = self._metainfo["keypoint_id2name"]
        rules = LabelRules(
            tuple(names[k] for k in sorted(names)),
            self.category,
            self.visible_above,
            boxes_suffice=self.unlabelled,
        )
        file = read_coco(self.ann_file, rules)
        self._judge(file.faults)
        self.coco = COCO()
        self.coco.dataset = file.content
        self.coco.createIndex()
        self._metainfo["CLASSES"] = self.coco.loadCats(self.coco.getCatIds())
        self._metainfo["label_rules"] = dict(
            category=self.category, visible_above=self.visible_above
        )
        return file

    def _stated_sizes(self, data_list: list[dict]) -> list[tuple[str, tuple[int, int]]]:
        numbers = {person["img_id"] for person in data_list}
        return [(self._image_path(self.coco.imgs[n]), self._image_wh(n)) for n in numbers]

    def _image_wh(self, number: int) -> tuple[int, int]:
        image = self.coco.imgs[number]
        return image["width"], image["height"]

    def _image_path(self, image: dict) -> str:
        return os.path.join(self.data_prefix["img"], image["file_name"])


@DATASETS.register_module()
class KneronMpiiDataset(_CheckedDataset):
    """MPII in its converted JSON form, 0-based throughout.

    The file counts pixels from 1, as MATLAB does, in ``center`` and in ``joints`` alike; both are
    moved to 0-based pixels here (mmpose 1.1.0 moves the centre only). People without joints are
    taken in test mode, for inference; training refuses them.

    Source: HRNet's reader of the same files, for the shift of centre and joints and the 15 pixels.
    """

    METAINFO: dict = MpiiDataset.METAINFO

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        """Check the file, then read people in mmpose's form; ``id`` is the place in the file."""
        people = load_json(self.ann_file, "an MPII file in JSON form")
        num_joints = self.metainfo["num_keypoints"]
        self._judge(check_mpii(people, self.ann_file, num_joints, not self.test_mode))
        instances = [
            self._instance(index, person, num_joints) for index, person in enumerate(people)
        ]
        images = {i["img_id"]: dict(img_id=i["img_id"], img_path=i["img_path"]) for i in instances}
        return instances, list(images.values())

    def _instance(self, index: int, person: dict, num_joints: int) -> dict:
        """One person, 0-based pixels, box xyxy without padding."""
        center_xy = np.array(person["center"], np.float32)
        size = person["scale"] * MPII_PIXELS_PER_SCALE
        if center_xy[0] != -1:  # -1: the place of the person is not known
            center_xy[1] += MPII_CENTER_SHIFT * person["scale"]
        center_xy -= 1
        joints = np.array(person.get("joints", np.zeros((num_joints, 2))), np.float32) - 1
        visible = np.array(person.get("joints_vis", np.zeros(num_joints)), np.float32).clip(min=0)
        return dict(
            id=index,
            img_id=int(Path(person["image"]).stem),
            img_path=os.path.join(self.data_prefix["img"], person["image"]),
            bbox=np.concatenate([center_xy - size / 2, center_xy + size / 2])[None].astype(
                np.float32
            ),
            bbox_score=np.ones(1, np.float32),
            keypoints=joints[None],
            keypoints_visible=visible[None],
            num_keypoints=int(visible.sum()) if "joints" in person else None,
        )

    @staticmethod
    def _is_valid_instance(data_info: dict) -> bool:
        """Take who has a box and a labelled joint; unlabelled people are there to be predicted."""
        return data_info["num_keypoints"] != 0 and not _is_zero_size(data_info["bbox"][0])
