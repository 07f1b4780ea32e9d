"""Reader of COCO-format annotation files."""

import warnings

from faster_coco_eval.core.coco import COCO as FasterCOCO


class COCO(FasterCOCO):
    """Annotations of a COCO-format file (or the dictionary it holds), indexed; prints nothing."""

    def createIndex(self) -> None:
        """Index the annotations; those without ``iscrowd`` get 0, as the original does."""
        for annotation in self.dataset.get("annotations", []):
            annotation.setdefault("iscrowd", 0)
        with warnings.catch_warnings():
            # An annotation with id 0 is counted right here: COCOeval numbers its own copies from 1.
            warnings.filterwarnings("ignore", message="Found annotation id 0")
            super().createIndex()
