"""COCO's AP with clear faults, and a plain dump of predictions."""

import contextlib
import io
import json
import os
import pickle
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpose.evaluation.metrics import CocoMetric
from mmpose.registry import METRICS
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

from mmpose_replacement.metrics.coco_results import to_coco_results
from prepostprocess.files import require_output, write_whole
from utils.dataset_check.coco_file import LabelRules, check_coco
from utils.dataset_check.json_file import load_json

BOXES = {"ground-truth": "coco", "detector": "coco-detector-boxes"}  # word: prefix of the results
FIGURES = "AP AP50 AP75 AP(M) AP(L) AR AR50 AR75 AR(M) AR(L)".split()
CROWD_FIGURES = "AP AP50 AP75 AR AR50 AR75 AP(E) AP(M) AP(H)".split()  # of "keypoints_crowd"


@METRICS.register_module()
class KneronCocoMetric(CocoMetric):
    """COCO's ten keypoint figures, as mmpose's ``CocoMetric`` computes them.

    They are called AP, AP50, AP75, AP(M), AP(L), AR, AR50, AR75, AR(M), AR(L).

    Args:
        ann_file: COCO keypoint file of the evaluated images.
        boxes: which boxes the people were cut out by, "ground-truth" or "detector"; it names the
            results (``coco/AP`` or ``coco-detector-boxes/AP``).
        prefix: name of the results instead of the one that ``boxes`` gives.
        **kwargs: as mmpose's ``CocoMetric``.

    Raises:
        ValueError: a file that cannot be evaluated on, or no predictions.
        FileNotFoundError: no such file.
    """

    def __init__(
        self,
        ann_file: str | None = None,
        *,
        boxes: str = "ground-truth",
        prefix: str | None = None,
        **kwargs,
    ) -> None:
        if boxes not in BOXES:
            raise ValueError(
                f"boxes must be one of {', '.join(BOXES)}, got '{boxes}'. Name the boxes that "
                "people were cut out by."
            )
        self.boxes = boxes
        super().__init__(prefix=prefix or BOXES[boxes], **kwargs)
        if ann_file is not None:
            self.ann_file, self.coco = ann_file, COCO(load_json(ann_file, "a COCO keypoint file"))

    @property
    def dataset_meta(self) -> dict | None:
        """What the data set says of its keypoints and of how its labels are to be read."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, meta: dict) -> None:
        """Take the facts, and read the labels as the data set does."""
        self._dataset_meta = meta
        if getattr(self, "ann_file", None) is None or self.format_only:
            return
        names = meta.get("keypoint_id2name", {})
        rules = LabelRules(
            tuple(names[k] for k in sorted(names)) or None, **meta.get("label_rules", {})
        )
        content = load_json(self.ann_file, "a COCO keypoint file")
        self.coco = COCO(check_coco(content, self.ann_file, rules).require().content)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the ten figures of all predictions.

        Raises: ValueError: no predictions, or predictions for other images.
        """
        if not results:
            raise ValueError("predictions must not be empty, got none. Check the data set's boxes.")
        images = {prediction["img_id"] for prediction, _ in results}
        if self.coco is not None and not images <= set(self.coco.getImgIds()):
            stranger = min(images - set(self.coco.getImgIds()), key=str)
            raise ValueError(
                f"{self.ann_file}: it must list all evaluated images, got a prediction for image "
                f"{stranger}. Give the data set and the metric the same ann_file."
            )
        predictions, labels = zip(*results, strict=True)
        found = to_coco_results(
            predictions,
            score_mode=self.score_mode,
            keypoint_score_thr=self.keypoint_score_thr,
            nms_mode=self.nms_mode,
            nms_thr=self.nms_thr,
            sigmas=self.dataset_meta["sigmas"],
        )
        if self.outfile_prefix is not None:
            path = Path(f"{self.outfile_prefix}.keypoints.json")
            write_whole(path, json.dumps(found))
            print_log(f"{path}: keypoints of {len(found)} people", logger="current")
        if self.format_only:
            return {}
        if self.coco is None:
            with tempfile.TemporaryDirectory() as folder:
                prefix = self.outfile_prefix or os.path.join(folder, "results")
                self.coco = COCO(self.gt_to_coco_json(labels, prefix))
        figures = self._judge(found)
        print_log(
            f"COCO keypoints, {self.boxes} boxes: {len(results)} boxes on {len(images)} images",
            logger="current",
        )
        return figures

    def _judge(self, found: list[dict]) -> dict[str, float]:
        sigmas = self.dataset_meta["sigmas"]
        detections = self.coco.loadRes(found)
        evaluation = COCOeval(self.coco, detections, self.iou_type, sigmas, self.use_area)
        with contextlib.redirect_stdout(io.StringIO()):  # their table is printed by who wants it
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        names = CROWD_FIGURES if self.iou_type == "keypoints_crowd" else FIGURES
        return dict(zip(names, evaluation.stats, strict=True))


@METRICS.register_module()
class PredictionDump(BaseMetric):
    """Write all predictions to a file: a list of ``{image_id, keypoints, box, score}``.

    ``keypoints`` is K x [x, y, score], ``box`` is [x, y, width, height], both in source pixels;
    ``score`` is the box score times the mean score of the keypoints above ``keypoint_score_thr``,
    as in COCO's results. Numbers and lists only, whatever the form.

    Args:
        out_file: file to write; ``.json``, or ``.pkl``/``.pickle``.
        keypoint_score_thr: keypoints at or below it do not enter ``score``, 0..1.
        collect_device: mmengine's.

    Raises: ValueError: another suffix, or a place where no file can be written.
    """

    default_prefix = "predictions"

    def __init__(
        self, out_file: str, *, keypoint_score_thr: float = 0.2, collect_device: str = "cpu"
    ) -> None:
        super().__init__(collect_device=collect_device)
        self.out_path = Path(out_file)
        if self.out_path.suffix not in (".json", ".pkl", ".pickle"):
            raise ValueError(
                f"out_file must end in .json, .pkl or .pickle, got '{out_file}'. Choose one."
            )
        require_output(self.out_path, "out_file")
        self.keypoint_score_thr = keypoint_score_thr

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Turn each person into plain numbers.

        Args:
            data_batch: not looked at.
            data_samples: predictions, as the estimator gives them.
        """
        for sample in data_samples:
            predicted, given = sample["pred_instances"], sample["gt_instances"]
            scores = np.asarray(predicted["keypoint_scores"][0], np.float64)
            keypoints = np.column_stack([predicted["keypoints"][0], scores])
            x1, y1, x2, y2 = (float(value) for value in given["bboxes"][0])
            good = scores[scores > self.keypoint_score_thr]
            score = float(given["bbox_scores"][0]) * (good.mean() if len(good) else 0.0)
            self.results.append(
                dict(
                    image_id=sample["img_id"],
                    keypoints=keypoints.tolist(),
                    box=[x1, y1, x2 - x1, y2 - y1],
                    score=float(score),
                )
            )

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Write the file under another name, then move it into place; return the number written.

        Raises: ValueError: a place where no file can be written.
        """
        require_output(self.out_path, "out_file")
        as_text = self.out_path.suffix == ".json"
        write_whole(self.out_path, json.dumps(results) if as_text else pickle.dumps(results))
        return {"count": len(results)}
