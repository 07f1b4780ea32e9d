"""mmpose's heatmap head with this project's flip test in front of the decoder."""

import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from prepostprocess.flip import average_views, flip_back


@MODELS.register_module()
class KneronHeatmapHead(HeatmapHead):
    """Predict as the ONNX runner does; the layers, their names and the loss are mmpose's.

    ``test_cfg`` of the model holds, besides mmpose's flip_test, shift_heatmap and output_heatmaps:
    average_clips, "score" (default: mean of the views' heatmaps) or "prob" (softmax over each
    heatmap before the mean).
    """

    def predict(
        self,
        feats: list | tuple,
        batch_data_samples: list[PoseDataSample],
        test_cfg: dict | None = None,
    ) -> list[InstanceData] | tuple[list[InstanceData], list[PixelData]]:
        """Find the joints of a batch of people.

        Args:
            feats: the backbone's outputs; with flip_test a list of two: for the pictures and for
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
