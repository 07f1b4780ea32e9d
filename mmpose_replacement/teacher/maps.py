"""A teacher's heatmaps on the student's grid, with peaks as wide as the student's."""

import math

import torch

NARROWER = 0.98  # share of the student's width by which a teacher's peaks may be the wider ones


def transfer_matrix(
    length: int, teacher_length: int, sigma: float, teacher_sigma: float, *, udp: bool
) -> torch.Tensor:
    """Make the matrix that brings one axis of a heatmap from the teacher's grid to the student's.

    Both grids lie over the same region. A Gaussian of height 1 stays one of height 1, and becomes
    as wide as the student's own targets are.

    Args:
        length: the student's pixels along the axis.
        teacher_length: the teacher's.
        sigma: deviation of the student's peaks, in the student's pixels.
        teacher_sigma: of the teacher's, in the teacher's pixels.
        udp: whether both grids reach from edge to edge of the region, as UDP's do.

    Returns:
        float32 (length, teacher_length).

    Raises:
        ValueError: the teacher's peaks are wider than the student's.

    Source: between pixels, cubic convolution (Keys 1981, a = -1/2). A Gaussian convolved with a
        Gaussian is one of the summed variances, and lower by the ratio of the deviations.
    """
    ratio = (teacher_length - udp) / (length - udp)  # teacher's pixels to one of the student's
    place = torch.arange(length, dtype=torch.float64)[:, None] * ratio
    distance = torch.arange(teacher_length, dtype=torch.float64)[None] - place
    wanted = sigma * ratio
    if wanted < NARROWER * teacher_sigma:
        raise ValueError(
            f"teacher's peaks must not be wider than the student's, got deviations of "
            f"{teacher_sigma / ratio:.2f} and {sigma:.2f} heatmap pixels. Raise codec.sigma."
        )
    blur = math.sqrt(max(wanted**2 - teacher_sigma**2, 0.0))
    if blur < 0.1:  # as wide already
        return _cubic(distance.abs()).float()
    weights = torch.exp(-distance.square() / (2 * blur**2)) / (blur * math.sqrt(2 * math.pi))
    return (weights * wanted / teacher_sigma).float()


def _cubic(distance: torch.Tensor) -> torch.Tensor:
    """Weights of cubic convolution at distances of pixels, not below 0."""
    near = (1.5 * distance - 2.5) * distance.square() + 1
    far = ((2.5 - 0.5 * distance) * distance - 4) * distance + 2
    return torch.where(distance < 1, near, torch.where(distance < 2, far, 0.0))


class MapTransfer:
    """Both axes, and the order of the joints.

    Args:
        rows: of ``transfer_matrix``, for y, on the device of the maps.
        columns: the same for x.
        order: for each of the student's joints the number of the teacher's.
    """

    def __init__(self, rows: torch.Tensor, columns: torch.Tensor, order: list[int]) -> None:
        self.rows, self.columns, self.order = rows, columns, order

    def __call__(self, maps: torch.Tensor) -> torch.Tensor:
        """Bring float32 (N, K, h, w) of the teacher's to the student's (N, K', h', w')."""
        return self.rows @ maps[:, self.order] @ self.columns.T
