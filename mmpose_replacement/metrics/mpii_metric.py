"""PCKh, MPII's metric, 0-based on both sides."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpose.registry import METRICS
from scipy.io import loadmat

from utils.dataset_check.json_file import require_labels

HEAD_SIZE_FACTOR = 0.6  # MPII's head size is this times the diagonal of the head box
MPII_NOT_COUNTED = (6, 7)  # pelvis and thorax are predicted, but not part of the mean
MPII_GROUPS = {
    "Head": (9,),
    "Shoulder": (12, 13),
    "Elbow": (11, 14),
    "Wrist": (10, 15),
    "Hip": (2, 3),
    "Knee": (1, 4),
    "Ankle": (0, 5),
}


@METRICS.register_module()
class KneronPCKhMetric(BaseMetric):
    """PCKh of MPII: joints within half a head size, and within a tenth.

    Predictions are 0-based source pixels; the file counts from 1 and is moved. Head size is 0.6
    times the diagonal of the head box. A joint counts if its distance is at most the threshold.

    Args:
        gt_file: ``mpii_gt_val.mat``, or a file of that form: ``pos_gt_src`` (16, 2, N) joints,
            ``jnt_missing`` (16, N), ``headboxes_src`` (2, 2, N) corners, all 1-based pixels; person
            n is the n-th of the annotation file.
        collect_device: mmengine's.
        prefix: name of the results.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file of another kind.

    Source: Andriluka et al., CVPR 2014, and HRNet's evaluation of the same file.
    """

    default_prefix = "mpii"

    def __init__(
        self, gt_file: str, *, collect_device: str = "cpu", prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.gt_file = gt_file
        self.joints, self.labelled, self.head_sizes = _load_head_boxes(gt_file)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep id and keypoints of each person.

        Args:
            data_batch: not looked at.
            data_samples: predictions, as the estimator gives them.
        """
        for sample in data_samples:
            self.results.append((sample["id"], sample["pred_instances"]["keypoints"][0]))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute PCKh of each pair of joints and of all, in percent.

        Returns: ``PCKh``, ``PCKh@0.1``, and ``Head`` to ``Ankle`` (only those with labels).

        Raises: ValueError: people whom the file does not have.
        """
        ids = np.array([person_id for person_id, _ in results])
        num_people = len(self.head_sizes)
        if not len(ids) or ids.max() >= num_people:
            raise ValueError(
                f"{self.gt_file}: it must hold the people that were predicted, got {num_people} "
                f"people for {len(ids)} predictions. Evaluate on mpii_val.json, in its own order."
            )
        if len(ids) < num_people:
            print_log(f"PCKh of {len(ids)} of the {num_people} people", logger="current")
        predicted = np.stack([keypoints for _, keypoints in results])
        distance = np.linalg.norm(predicted - self.joints[ids], axis=2)
        distance /= self.head_sizes[ids][:, None]
        labelled = self.labelled[ids]
        hits = (distance <= 0.5) & labelled
        counted = labelled.copy()
        counted[:, MPII_NOT_COUNTED] = False
        figures = {
            name: float(100.0 * np.mean(distance[counted] <= threshold))
            for name, threshold in (("PCKh", 0.5), ("PCKh@0.1", 0.1))
        }
        figures |= {
            name: float(np.mean([100.0 * hits[:, j].sum() / labelled[:, j].sum() for j in joints]))
            for name, joints in MPII_GROUPS.items()
            if labelled[:, joints].any(axis=0).all()
        }
        return figures


def _load_head_boxes(gt_file: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Joints (N, 16, 2) 0-based, labelled (N, 16), head sizes (N,)."""
    remedy = "Use mpii_gt_val.mat of the MPII annotations."
    require_labels(gt_file, "MPII's file of head boxes")
    try:
        content = loadmat(gt_file)
        joints, missing, boxes = (
            np.asarray(content[key], np.float64)
            for key in ("pos_gt_src", "jnt_missing", "headboxes_src")
        )
    except Exception as err:  # loadmat raises many kinds on a file that is not MATLAB's
        raise ValueError(
            f"{gt_file}: it must be a MATLAB file with pos_gt_src, jnt_missing and headboxes_src, "
            f"got {type(err).__name__}: {err}. {remedy}"
        ) from err
    num_people = joints.shape[-1]
    expected = [(16, 2, num_people), (16, num_people), (2, 2, num_people)]
    if [joints.shape, missing.shape, boxes.shape] != expected:
        raise ValueError(
            f"{gt_file}: pos_gt_src, jnt_missing and headboxes_src must have shapes (16, 2, N), "
            f"(16, N) and (2, 2, N), got {joints.shape}, {missing.shape}, {boxes.shape}. {remedy}"
        )
    head_sizes = HEAD_SIZE_FACTOR * np.linalg.norm(boxes[1] - boxes[0], axis=0)
    return joints.transpose(2, 0, 1) - 1, missing.T == 0, head_sizes
