"""mmpose's heatmap head with this project's flip test in front of the decoder."""

from collections.abc import Mapping

import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.evaluation.functional import pose_pck_accuracy
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from prepostprocess.keypoints.flip import average_views, flip_back


@MODELS.register_module()
class KneronHeatmapHead(HeatmapHead):
    """Predict as the ONNX runner does; the layers, their names and the loss are mmpose's.

    ``test_cfg`` of the model holds, besides mmpose's flip_test, shift_heatmap and output_heatmaps:
    average_clips, "score" (default: mean of the views' heatmaps) or "prob" (softmax over each
    heatmap before the mean).

    Args:
        *args: mmpose's.
        teacher_weight: of the loss against a teacher's heatmaps (``train.py --teacher``), beside 1
            for the labels'.
        label_weight: of the loss against the labels.
        teacher_power: exponent of a teacher's peak: joints that it is sure of count more. 0: all
            count alike.
        **kwargs: mmpose's.
    """

    def __init__(
        self,
        *args: object,
        teacher_weight: float = 1.0,
        label_weight: float = 1.0,
        teacher_power: float = 0.0,
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.teacher_weight, self.label_weight = teacher_weight, label_weight
        self.teacher_power = teacher_power

    def loss(
        self,
        feats: list | tuple,
        batch_data_samples: list[PoseDataSample] | Mapping[str, torch.Tensor],
        train_cfg: dict | None = None,
    ) -> dict[str, torch.Tensor]:
        """Compare the heatmaps of a batch with its targets.

        Args:
            feats: the backbone's outputs.
            batch_data_samples: mmpose's, which hold heatmaps; or keypoints float32 (N, K, 2) in
                network input pixels and keypoints_visible (N, K), of which the decoder's
                ``encode_batch`` draws the heatmaps here, on the network's device; optional
                teacher_heatmaps (N, K, h, w), which count for joints without a label too.
            train_cfg: the model's; compute_acc, default True.
        Returns: loss_kpt; loss_teacher where there are a teacher's heatmaps; and, unless switched
            off, acc_pose: share of joints within 5 % of the map.
        Raises: ValueError: the maps are not as many and as large as the targets.
        """
        train_cfg = train_cfg or {}
        if not isinstance(batch_data_samples, Mapping):
            return super().loss(feats, batch_data_samples, train_cfg)
        output = self.forward(feats)
        targets, weights = self.decoder.encode_batch(
            batch_data_samples["keypoints"], batch_data_samples["keypoints_visible"]
        )
        if output.shape != targets.shape:
            raise ValueError(
                f"network must give heatmaps {tuple(targets.shape[1:])} (keypoints, h, w), "
                f"as the data and codec say, got {tuple(output.shape[1:])}. Correct "
                "model.head.out_channels or codec.heatmap_size."
            )
        losses = {"loss_kpt": self.label_weight * self.loss_module(output, targets, weights)}
        if (wanted := batch_data_samples.get("teacher_heatmaps")) is not None:
            certainty = wanted.flatten(2).amax(dim=2).clamp(0, 1) ** self.teacher_power
            loss = self.loss_module(output, wanted, certainty)
            losses["loss_teacher"] = self.teacher_weight * loss
        if train_cfg.get("compute_acc", True):
            accuracy = pose_pck_accuracy(
                output.detach().float().cpu().numpy(),
                targets.cpu().numpy(),
                weights.cpu().numpy() > 0,
            )[1]
            losses["acc_pose"] = torch.tensor(accuracy, device=output.device)
        return losses

    def predict(
        self,
        feats: list | tuple,
        batch_data_samples: list[PoseDataSample],
        test_cfg: dict | None = None,
    ) -> list[InstanceData] | tuple[list[InstanceData], list[PixelData]]:
        """Find the joints of a batch of people.

        Args:
            feats: the backbone's outputs; with flip_test a list of two: for the images and for
                their mirror images.
            batch_data_samples: one a person; with flip_test the first one's flip_indices are read.
            test_cfg: the model's.
        Returns: keypoints (1, K, 2) in network input pixels and keypoint_scores (1, K), one
            ``InstanceData`` a person; with output_heatmaps also a ``PixelData`` a person with
            heatmaps (K, H, W).
        Raises: ValueError: average_clips is neither word.
        """
        test_cfg = test_cfg or {}
        if test_cfg.get("flip_test", False):
            plain, mirrored = (self._heatmaps(view) for view in feats)
            flip_indices = batch_data_samples[0].metainfo["flip_indices"]
            shift = test_cfg.get("shift_heatmap", False)
            views = [plain, flip_back(mirrored, flip_indices, shift=shift)]
        else:
            views = [self._heatmaps(feats)]
        heatmaps = average_views(views, test_cfg.get("average_clips", "score"))
        instances = self.decode(torch.from_numpy(heatmaps))
        if test_cfg.get("output_heatmaps", False):
            return instances, [PixelData(heatmaps=maps) for maps in torch.from_numpy(heatmaps)]
        return instances

    def _heatmaps(self, feats: list | tuple) -> np.ndarray:
        """Run the layers and fetch the heatmaps, float32 (N, K, H, W), where the decoder is."""
        return self.forward(feats).detach().float().cpu().numpy()
