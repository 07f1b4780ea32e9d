"""Reader of COCO-format annotation files."""

import copy
import os
import warnings

import numpy as np
from faster_coco_eval.core.coco import COCO as FasterCOCO


class COCO(FasterCOCO):
    """Annotations of a COCO-format file (or the dictionary it holds), indexed; prints nothing."""

    def createIndex(self) -> None:
        """Index the annotations; those without ``iscrowd`` get 0, as the original does."""
        for annotation in self.dataset.get("annotations", []):
            annotation.setdefault("iscrowd", 0)
        with warnings.catch_warnings():
            # An annotation with id 0 is counted right here: COCOeval goes by places, not by ids.
            warnings.filterwarnings("ignore", message="Found annotation id 0")
            super().createIndex()

    def loadRes(  # noqa: N802 - the interface's name
        self,
        resFile: str | os.PathLike | list | np.ndarray,  # noqa: N803
        min_score: float = 0.0,
    ) -> FasterCOCO:
        """Index results; those of keypoints get the box around their points, and its area.

        Args:
            resFile: a result file, the list that it holds (its records are kept, and completed),
                or float (N, 7) boxes.
            min_score: leave out results below it.

        Returns: the results as annotations of the same images, ids from 1 in their order.
        """
        found = resFile
        if isinstance(resFile, (str, os.PathLike)):
            found = self.load_json(resFile)
        if not isinstance(found, list) or not _are_keypoints(found):
            return super().loadRes(found, min_score)
        if min_score != 0.0:
            found = [result for result in found if result.get("score", 1) >= min_score]
        strangers = {result["image_id"] for result in found} - set(self.getImgIds())
        assert not strangers, "Results do not correspond to current coco set"
        results = type(self)()
        results.dataset = {
            "info": copy.deepcopy(self.dataset.get("info", {})),
            "images": list(self.dataset["images"]),
            "categories": copy.deepcopy(self.dataset["categories"]),
            "annotations": found,
        }
        _add_boxes(found)
        results.createIndex()
        return results


def _are_keypoints(found: list[dict]) -> bool:
    """Keypoints alone, all of one number: what boxes can be drawn around at once."""
    others = {"bbox", "segmentation", "caption"}
    if not found or "keypoints" not in found[0] or others & found[0].keys():
        return False
    lengths = {len(result.get("keypoints", ())) for result in found}
    return len(lengths) == 1 and 0 not in lengths


def _add_boxes(found: list[dict]) -> None:
    points = np.array([result["keypoints"] for result in found], dtype=np.float64)
    x, y = points[:, 0::3], points[:, 1::3]
    left, top = x.min(axis=1), y.min(axis=1)
    width, height = x.max(axis=1) - left, y.max(axis=1) - top
    boxes = np.column_stack([left, top, width, height]).tolist()
    areas = (width * height).tolist()
    for number, (result, box, area) in enumerate(zip(found, boxes, areas, strict=True), start=1):
        result.update(area=area, id=number, bbox=box)
