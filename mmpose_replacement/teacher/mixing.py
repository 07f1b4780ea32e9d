"""Crops made of two crops, which a teacher labels as it labels people."""

import torch

INPUTS = "teacher_inputs"


def mix_batch(batch: dict, share: float) -> None:
    """Mix a share of the crops, for student and teacher alike, and take their labels away.

    Args:
        batch: of ``kneron_collate``; changed in place, but not in the memory of its tensors.
        share: of the crops that are mixed, 0..1.
    """
    samples = batch["data_samples"]
    views = [batch["inputs"]]
    if INPUTS in samples:
        views.append(samples[INPUTS])
    (batch["inputs"], *teachers), is_mixed = mix_crops(views, share)
    for view in teachers:
        samples[INPUTS] = view
    visible = samples["keypoints_visible"]
    samples["keypoints_visible"] = torch.where(is_mixed[:, None], 0, visible)


def mix_crops(views: list[torch.Tensor], share: float) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Mix a share of a batch's crops with other crops of the batch, drawn by torch's generator.

    Half of them become a weighted mean with the other crop, half get a rectangle of it. The other
    crop's part of the mean, or of the area, is uniform in 0..1; then a rectangle is cut off where
    it reaches beyond the crop.

    Args:
        views: of the same N regions, each uint8 (N, 3, h, w); their sizes may differ.
        share: of the crops that are mixed, 0..1.

    Returns:
        The views, as they were laid out in memory; and bool (N,), which crops were mixed.

    Source: arXiv:1710.09412 (mixup), arXiv:1905.04899 (CutMix), and arXiv:2106.05237 for a teacher
        that is asked about the very mixture.
    """
    count, device = len(views[0]), views[0].device
    draws = torch.rand(5, count, device=device)
    partner = torch.randperm(count, device=device)
    is_mixed = (draws[0] < share).nonzero()[:, 0]
    other_part, kind, centre_y, centre_x = draws[1:, is_mixed]
    half = other_part.sqrt() / 2
    mixed = []
    for view in views:
        rows = _covers(view.shape[2], centre_y, half)[:, :, None]
        columns = _covers(view.shape[3], centre_x, half)[:, None, :]
        patch = (rows & columns).float()
        weight = torch.where(kind[:, None, None] < 0.5, other_part[:, None, None], patch)
        own, other = view[is_mixed].float(), view[partner[is_mixed]].float()
        mixture = torch.lerp(own, other, weight[:, None]).round().to(view.dtype)
        mixed.append(view.clone().index_copy_(0, is_mixed, mixture))
    return mixed, draws[0] < share


def _covers(length: int, centre: torch.Tensor, half: torch.Tensor) -> torch.Tensor:
    """Tell which of the pixels of an axis, (N, length), lie within ``half`` of a ``centre``."""
    place = (torch.arange(length, device=centre.device) + 0.5) / length
    return (place[None] - centre[:, None]).abs() < half[:, None]
