"""COCO keypoint statistics: average precision and recall over object keypoint similarity."""

import copy
from collections.abc import Sequence

import numpy as np
from faster_coco_eval.core.coco import COCO
from faster_coco_eval.core.cocoeval import Params as FasterParams

from .instances import PARTS, read_crowd_index, read_detections, read_ground_truth
from .matching import Matches, accumulate, match

# (array of the result, similarity threshold or None for the mean over all, area range), in order.
STATISTICS = (
    ("precision", None, "all"),
    ("precision", 0.5, "all"),
    ("precision", 0.75, "all"),
    ("precision", None, "medium"),
    ("precision", None, "large"),
    ("recall", None, "all"),
    ("recall", 0.5, "all"),
    ("recall", 0.75, "all"),
    ("recall", None, "medium"),
    ("recall", None, "large"),
)
CROWD_LEVELS = {"easy": (0.0, 0.2), "medium": (0.2, 0.8), "hard": (0.8, np.inf)}


class Params(FasterParams):
    """Parameters of an evaluation: imgIds, catIds, iouThrs, recThrs, areaRng, maxDets, ...

    mmpose sets ``useSegm = None``, which must change nothing; faster-coco-eval would silently turn
    to the similarity of boxes.
    """

    def __init__(self, iou_type: str, sigmas: np.ndarray | None) -> None:
        super().__init__(iouType="keypoints", kpt_sigmas=sigmas)
        self.iouType = iou_type

    @property
    def useSegm(self) -> None:  # noqa: N802 - the interface's name
        """Always None: only keypoints are compared here."""
        return None

    @useSegm.setter
    def useSegm(self, value: None) -> None:  # noqa: N802
        if value is not None:
            raise ValueError(f"useSegm must be None, got {value!r}. Only keypoints are compared.")


class COCOeval:
    """Compare detected keypoints with labels, as COCO does.

    Call ``evaluate()``, ``accumulate()``, ``summarize()`` in this order; ``stats`` then holds
    float64 (10,): AP, AP50, AP75, AP medium, AP large, AR, AR50, AR75, AR medium, AR large; for
    "keypoints_crowd" (9,): AP, AP50, AP75, AR, AR50, AR75, AP of easy, medium and hard images.

    Args:
        cocoGt: annotations.
        cocoDt: what ``cocoGt.loadRes`` returned.
        iouType: one of ``PARTS``.
        sigmas: one spread per keypoint, relative to the square root of the area; None for the 17
            of COCO.
        use_area: False where labels have no area: 0.53 of the box's area takes its place.

    Raises: ValueError: ``iouType`` is not one of ``PARTS``.

    Source: definition at cocodataset.org/#keypoints-eval; meaning of ``use_area``, of the parts
        and of the crowd levels as in xtcocotools 1.14.
    """

    def __init__(
        self,
        cocoGt: COCO,  # noqa: N803 - the interface's names
        cocoDt: COCO,  # noqa: N803
        iouType: str = "keypoints",  # noqa: N803
        sigmas: Sequence[float] | None = None,
        use_area: bool = True,
    ) -> None:
        if iouType not in PARTS:
            raise ValueError(
                f"iouType must be one of {', '.join(PARTS)}, got {iouType!r}. "
                "Evaluate boxes and masks with faster_coco_eval itself."
            )
        self.cocoGt = cocoGt
        self.cocoDt = cocoDt
        self.use_area = use_area
        # mmpose hands over float32; the similarity is computed in float64 as in COCO's own code
        given = None if sigmas is None else np.asarray(sigmas, dtype=np.float64)
        self.params = Params(iouType, given)
        self.params.imgIds = sorted(cocoGt.getImgIds())
        self.params.catIds = sorted(cocoGt.getCatIds())
        self._matches: Matches | None = None
        self._crowd_index: dict[int, float] = {}
        self.eval: dict = {}
        self.stats: np.ndarray | list = []

    @property
    def sigmas(self) -> np.ndarray:
        """The spread of each keypoint, float64 (K,)."""
        return self.params.kpt_oks_sigmas

    @sigmas.setter
    def sigmas(self, value: Sequence[float]) -> None:
        self.params.kpt_oks_sigmas = np.asarray(value, dtype=np.float64)

    def evaluate(self) -> None:
        """Match detections with labels in every image.

        Raises: ValueError: an annotation, a detection or an image lacks a field, or keypoints are
            not as many as the sigmas.
        """
        p, num_keypoints = self.params, len(self.sigmas)
        if not p.useCats:
            raise ValueError(
                f"useCats must be 1, got {p.useCats!r}. Give all people the same category instead."
            )
        p.imgIds, p.catIds = np.unique(p.imgIds).tolist(), np.unique(p.catIds).tolist()
        p.maxDets = sorted(p.maxDets)
        if p.iouType == "keypoints_crowd":
            self._crowd_index = read_crowd_index(self.cocoGt)
        places = p.imgIds, p.catIds
        labels = read_ground_truth(self.cocoGt, p.iouType, self.use_area, num_keypoints, *places)
        found = read_detections(self.cocoDt, p.iouType, num_keypoints, *places, p.maxDets[-1])
        self._matches = match(labels, found, self.sigmas, p.iouThrs, p.areaRng)
        self.eval = {}

    def accumulate(self) -> None:
        """Fill ``eval``: precision (T, R, K, A, M), recall (T, K, A, M) and their parameters."""
        if self._matches is None:
            raise RuntimeError("evaluate() must be called before accumulate(). Call it first.")
        curves = self._accumulate_images(np.ones(len(self.params.imgIds), bool))
        counts = [*curves["precision"].shape]
        self.eval = {"params": copy.deepcopy(self.params), "counts": counts, **curves}

    def summarize(self) -> None:
        """Print the statistics in COCO's form and keep them in ``stats``."""
        if not self.eval:
            raise RuntimeError("accumulate() must be called before summarize(). Call it first.")
        crowd = self.params.iouType == "keypoints_crowd"
        rows = [row for row in STATISTICS if not crowd or row[2] == "all"]
        stats = [self._summarize_one(*row) for row in rows]
        if crowd:
            stats += self._summarize_crowd_levels()
        self.stats = np.array(stats)

    def _accumulate_images(self, images: np.ndarray) -> dict[str, np.ndarray]:
        p = self.params
        return accumulate(self._matches, p.recThrs, p.maxDets, len(p.catIds), images)

    def _summarize_one(self, array: str, threshold: float | None, area_label: str) -> float:
        p = self.params
        values = self.eval[array][..., p.areaRngLbl.index(area_label), -1]
        if threshold is not None:
            values = values[p.iouThrs == threshold]
        values = values[values > -1]  # -1 marks a category or a range without labels
        mean = float(np.mean(values)) if values.size else -1.0
        self._print_row(array, threshold, f"area={area_label:>6s}", mean)
        return mean

    def _summarize_crowd_levels(self) -> list[float]:
        """AP of the images of each level of crowding; -1 where a level has no labels."""
        means = []
        for level, (low, high) in CROWD_LEVELS.items():
            chosen = [low <= self._crowd_index[image] < high for image in self.params.imgIds]
            precision = self._accumulate_images(np.array(chosen, bool))["precision"][..., 0, :]
            means.append(round(float(np.mean(precision)), 4))
            self._print_row("precision", None, f"type={level:>6s}", means[-1])
        return means

    def _print_row(self, array: str, threshold: float | None, subset: str, mean: float) -> None:
        title, short = {"precision": ("Precision", "AP"), "recall": ("Recall", "AR")}[array]
        ends = self.params.iouThrs[[0, -1]] if threshold is None else [threshold]
        span = ":".join(f"{end:.2f}" for end in ends)
        setting = f"IoU={span:<9} | {subset} | maxDets={self.params.maxDets[-1]:>3d}"
        print(f" Average {title:<10} ({short}) @[ {setting} ] = {mean:0.3f}")
