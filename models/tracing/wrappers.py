"""What an exported file computes, as modules that PyTorch traces; the estimator is not changed.

Letters in shapes: B images, K joints, H and W of an image, h and w of a heatmap.
"""

import torch
from torch import nn

from prepostprocess.preprocess import get_preprocess


class HeatmapNetwork(nn.Module):
    """An estimator's backbone and head without pre- and postprocessing.

    Args:
        estimator: a TopdownPoseEstimator in evaluation mode.
        input_norm: what comes before the backbone; None: nothing, images come normalised.
    """

    def __init__(self, estimator: nn.Module, input_norm: nn.Module | None = None) -> None:
        super().__init__()
        self.input_norm = input_norm or nn.Identity()
        self.backbone = estimator.backbone
        self.head = estimator.head

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return heatmaps (B, K, h, w) of images (B, 3, H, W)."""
        return self.head(self.backbone(self.input_norm(images_BCHW)))


def pixel_norm(preprocess: str, pixel_offset: float) -> nn.BatchNorm2d:
    """Make the normalisation of a word of the switch a layer that every Kneron chip runs.

    A BatchNormalization in front of the first convolution, not folded into it: the convolution
    pads with zeros, which are the mean colour only after this layer.

    Args:
        preprocess: a word of the switch.
        pixel_offset: what the caller takes off the pixels (0..255) before the layer.
    Returns: the layer, float (B, 3, H, W) to the same shape, in evaluation mode.
    """
    meaning = get_preprocess(preprocess)
    norm = nn.BatchNorm2d(3, affine=False, eps=1e-8)  # against variances above 3,000
    norm.running_mean.copy_(torch.tensor(meaning.mean) - pixel_offset)
    norm.running_var.copy_(torch.tensor(meaning.std) ** 2)
    return norm.eval()


class KeypointDecoder(nn.Module):
    """The runners' decoder "quarter" or "argmax", to stand behind a heatmap network.

    Args:
        input_wh: width and height of the network's input in pixels.
        quarter: go a quarter pixel from the peak towards the higher neighbour.
    """

    def __init__(self, input_wh: tuple[int, int], *, quarter: bool) -> None:
        super().__init__()
        self.input_wh, self.quarter = input_wh, quarter

    def forward(self, maps_BKhw: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return keypoints (B, K, 2), xy in input pixels, and scores (B, K)."""
        num_joints, height, width = (int(size) for size in maps_BKhw.shape[1:])
        flat_BKp = maps_BKhw.reshape(-1, num_joints, height * width)
        index_BK1 = flat_BKp.argmax(dim=2, keepdim=True)
        scores_BK1 = flat_BKp.gather(2, index_BK1)
        row_BK1 = index_BK1.div(width, rounding_mode="trunc")
        column_BK1 = index_BK1 - row_BK1 * width
        peak_BK2 = torch.cat([column_BK1, row_BK1], dim=2)
        points_BK2 = peak_BK2.float()
        if self.quarter:
            points_BK2 = points_BK2 + 0.25 * self._slope(flat_BKp, index_BK1, peak_BK2, height)
        nowhere = torch.full_like(points_BK2, -1.0)
        points_BK2 = torch.where(scores_BK1 > 0, points_BK2, nowhere)
        stride = torch.tensor([self.input_wh[0] / width, self.input_wh[1] / height])
        return points_BK2 * stride, scores_BK1.squeeze(2)

    @staticmethod
    def _slope(
        flat_BKp: torch.Tensor, index_BK1: torch.Tensor, peak_BK2: torch.Tensor, height: int
    ) -> torch.Tensor:
        """Sign of the slope at the peak along x and y; 0 where the decoder does not look at it.

        Compared, not subtracted, so that no runtime's rounding of tiny numbers matters.
        """
        width = flat_BKp.shape[2] // height
        last = height * width - 1
        signs = []
        for step in (1, width):
            after = flat_BKp.gather(2, (index_BK1 + step).clamp(max=last))
            before = flat_BKp.gather(2, (index_BK1 - step).clamp(min=0))
            signs.append((after > before).float() - (after < before).float())
        limit = torch.tensor([width - 1, height - 1])
        inside_BK2 = (peak_BK2 > 1) & (peak_BK2 < limit)
        x_BK1, y_BK1 = peak_BK2.split(1, dim=2)
        usable_BK2 = inside_BK2 & (x_BK1 > 0) & (y_BK1 > 0)
        return torch.cat(signs, dim=2) * usable_BK2.float()
