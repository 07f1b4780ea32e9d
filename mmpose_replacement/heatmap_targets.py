"""Target heatmaps of a whole batch, drawn where the network is; equal to mmpose's encoders'.

All of them are products of a profile along x and one along y. Shapes: N people, K keypoints, L
pixels of an axis.
"""

import numpy as np
import torch
from mmpose.codecs import MegviiHeatmap


def outer_product(
    profiles_x: torch.Tensor, profiles_y: torch.Tensor, is_drawn: torch.Tensor
) -> torch.Tensor:
    """Multiply the profiles out.

    Args:
        profiles_x: float (N, K, W).
        profiles_y: float (N, K, H).
        is_drawn: bool (N, K); the other maps are 0.
    Returns: float (N, K, H, W).
    """
    return (profiles_y * is_drawn[..., None])[..., None] * profiles_x[..., None, :]


def window_profile(
    centers: torch.Tensor, length: int, sigma: float, *, is_subpixel: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw Gaussians that end three deviations from the nearest pixel.

    Args:
        centers: float (N, K), heatmap pixels.
        length: of the axis.
        sigma: heatmap pixels.
        is_subpixel: the peak is at the exact place, and not at the nearest pixel.
    Returns: float (N, K, L), and bool (N, K) where the window touches the axis.
    Source: ``generate_gaussian_heatmaps`` and ``generate_udp_gaussian_heatmaps`` of mmpose 1.1.0,
        with their roundings towards 0.
    """
    radius = sigma * 3
    nearest = (centers + 0.5).long()
    first = (nearest - radius).long()
    last = (nearest + radius + 1).long()
    peak = first + (2 * radius + 1) // 2
    if is_subpixel:
        peak = peak + (centers - nearest)
    pixels = torch.arange(length, device=centers.device)
    distance = (pixels - peak[..., None]).to(centers.dtype)
    is_inside = (pixels >= first[..., None]) & (pixels < last[..., None])
    profile = torch.exp(-distance.square() / (2 * sigma**2)) * is_inside
    return profile, (first < length) & (last >= 0)


def full_profile(
    centers: torch.Tensor, length: int, sigma: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw Gaussians over the whole axis, with the peak at the exact place.

    Args:
        centers: float (N, K), heatmap pixels.
        length: of the axis.
        sigma: heatmap pixels.
    Returns: float (N, K, L), and bool (N, K) where three deviations touch the axis.
    Source: ``generate_unbiased_gaussian_heatmaps`` of mmpose 1.1.0.
    """
    radius = sigma * 3
    pixels = torch.arange(length, dtype=centers.dtype, device=centers.device)
    profile = torch.exp(-(pixels - centers[..., None]).square() / (2 * sigma**2))
    return profile, (centers - radius < length) & (centers + radius + 1 >= 0)


def blurred_pixel_tables(encoder: MegviiHeatmap) -> tuple[torch.Tensor, torch.Tensor]:
    """Take the profiles of every pixel of both axes from an encoder that blurs one pixel.

    Args:
        encoder: mmpose's.
    Returns: float32 (W, W) and (H, H), rows are profiles of height 1.
    """
    tables = []
    for axis, length in enumerate(encoder.heatmap_size):
        keypoints = np.zeros((1, length, 2), np.float32)
        keypoints[0, :, axis] = (np.arange(length) + 0.5) * encoder.scale_factor[axis]
        maps = encoder.encode(keypoints, np.ones((1, length), np.float32))["heatmaps"]
        rows = maps[:, 0, :] if axis == 0 else maps[:, :, 0]
        tables.append(torch.from_numpy(rows / np.float32(255)))
    return tables[0], tables[1]


def table_profile(centers: torch.Tensor, table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Look the profiles of the pixels up that hold the places.

    Args:
        centers: float (N, K), heatmap pixels.
        table: float (L, L), of ``blurred_pixel_tables``, on the same device.
    Returns: float (N, K, L), and bool (N, K) where the pixel is on the axis.
    """
    pixel = centers.long()
    is_inside = (pixel >= 0) & (pixel < len(table))
    return table[pixel.clamp(0, len(table) - 1)], is_inside
