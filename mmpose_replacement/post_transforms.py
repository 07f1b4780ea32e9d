"""Keypoints to heatmaps for training, and back by the decoder that every runner uses."""

import numpy as np
import torch
from mmpose.codecs import MegviiHeatmap, MSRAHeatmap, UDPHeatmap
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS

from mmpose_replacement.heatmap_targets import (
    blurred_pixel_tables,
    full_profile,
    outer_product,
    table_profile,
    window_profile,
)
from prepostprocess.keypoints.decode import check_decoder, decode_heatmaps


@KEYPOINT_CODECS.register_module()
class KneronHeatmap(BaseKeypointCodec):
    """Encode with mmpose's functions, decode with ``prepostprocess.keypoints.decode``.

    Each decoder brings the encoding it was made for: "argmax" and "quarter" a Gaussian around the
    nearest heatmap pixel, "dark" a Gaussian around the exact place, "udp" the same on UDP's grid,
    "megvii" a blurred pixel, 255 high.

    Args:
        input_size: network input (width, height) in pixels; mmpose's name and order.
        heatmap_size: heatmap (width, height) in pixels.
        sigma: the Gaussian's standard deviation in heatmap pixels, above 0; "megvii" has none.
        decoder: see ``decode_heatmaps``.
        blur_kernel_size: odd, heatmap pixels; the blur of "dark", "udp" and "megvii".
    """

    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        sigma: float = 2.0,
        decoder: str = "quarter",
        blur_kernel_size: int = 11,
    ) -> None:
        super().__init__()
        check_decoder(decoder)
        if sigma <= 0:
            raise ValueError(f"sigma must be above 0, got {sigma}. Use 2 for 64x48 heatmaps.")
        self.input_wh = tuple(input_size)
        self.heatmap_wh = tuple(heatmap_size)
        self.sigma = sigma
        self.decoder = decoder
        self.blur_kernel_size = blur_kernel_size
        sizes = (self.input_wh, self.heatmap_wh)
        if decoder == "megvii":
            self.encoder = MegviiHeatmap(*sizes, kernel_size=blur_kernel_size)
            self.tables = blurred_pixel_tables(self.encoder)
        elif decoder == "udp":
            self.encoder = UDPHeatmap(*sizes, sigma=sigma)
        else:
            self.encoder = MSRAHeatmap(*sizes, sigma=sigma, unbiased=decoder == "dark")

    def encode(self, keypoints: np.ndarray, keypoints_visible: np.ndarray | None = None) -> dict:
        """Draw one person's target heatmaps.

        Args:
            keypoints: float (1, K, 2), xy in network input pixels.
            keypoints_visible: float (1, K), 0 for a joint without a label; all visible if not
                given.
        Returns: heatmaps float32 (K, H, W); keypoint_weights (1, K), 0 also where the joint is so
            far outside that nothing of it is in the map.
        """
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2], np.float32)
        return self.encoder.encode(keypoints, keypoints_visible)

    def encode_batch(
        self, keypoints: torch.Tensor, keypoints_visible: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw the target heatmaps of a batch on the device that the keypoints are on.

        Args:
            keypoints: float32 (N, K, 2), xy in network input pixels.
            keypoints_visible: float32 (N, K), 0 for a joint without a label.
        Returns: heatmaps float32 (N, K, H, W) and keypoint weights float32 (N, K), those of
            ``encode`` to float rounding.
        """
        factor = torch.from_numpy(self.encoder.scale_factor).to(keypoints)
        centers = keypoints / factor
        profile_x, is_near_x = self._profile(centers[..., 0], 0)
        profile_y, is_near_y = self._profile(centers[..., 1], 1)
        is_labelled = keypoints_visible >= 0.5
        is_drawn = is_labelled & is_near_x & is_near_y
        heatmaps = outer_product(profile_x, profile_y, is_drawn)
        if self.decoder == "megvii":
            heatmaps = heatmaps * 255
        return heatmaps, keypoints_visible * (is_drawn | ~is_labelled)

    def _profile(self, centers: torch.Tensor, axis: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw along x (0) or y (1) as this decoder's encoder does."""
        if self.decoder == "megvii":
            return table_profile(centers, self.tables[axis].to(centers.device))
        length = self.heatmap_wh[axis]
        if self.decoder == "dark":
            return full_profile(centers, length, self.sigma)
        return window_profile(centers, length, self.sigma, is_subpixel=self.decoder == "udp")

    def decode(self, encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find one person's joints.

        Args:
            encoded: float (K, H, W).
        Returns: keypoints float32 (1, K, 2), xy in network input pixels; scores float32 (1, K).
        """
        return self._decode(encoded[None])

    def batch_decode(
        self, batch_encoded: torch.Tensor | np.ndarray
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Find the joints of a batch of people at once.

        Args:
            batch_encoded: float (N, K, H, W), on any device.
        Returns: N times keypoints float32 (1, K, 2), and N times scores float32 (1, K).
        """
        if isinstance(batch_encoded, torch.Tensor):
            batch_encoded = batch_encoded.detach().float().cpu().numpy()
        keypoints, scores = self._decode(batch_encoded)
        return list(keypoints[:, None]), list(scores[:, None])

    def _decode(self, heatmaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return decode_heatmaps(
            heatmaps, self.input_wh, self.decoder, blur_kernel_size=self.blur_kernel_size
        )
