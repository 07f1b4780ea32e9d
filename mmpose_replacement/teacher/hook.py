"""The teacher's answer to each batch, put beside its labels."""

from pathlib import Path

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmpose_replacement.teacher.maps import MapTransfer, transfer_matrix
from mmpose_replacement.teacher.mixing import INPUTS, mix_batch
from mmpose_replacement.teacher.network import Teacher, read_teacher


@HOOKS.register_module()
class TeacherHook(Hook):
    """Ask a teacher about every batch; ``KneronHeatmapHead`` learns from the answer.

    Args:
        file: checkpoint or ONNX file of the teacher. It is not part of the student's checkpoints.
        keypoint_names: the student's joints.
        mixed_crops: share of the crops that are mixed with others, 0..1. Their labels do not count.
    """

    priority = "BELOW_NORMAL"  # after IterTimerHook, which took it for a wait for data

    def __init__(
        self, file: str, keypoint_names: tuple[str, ...], mixed_crops: float = 0.0
    ) -> None:
        self.file, self.keypoint_names = file, tuple(keypoint_names)
        self.mixed_crops = mixed_crops

    def before_train(self, runner: Runner) -> None:
        """Read the teacher, onto the student's device.

        Raises:
            ValueError: it does not go with the student.
        """
        self.teacher = read_teacher(Path(self.file))
        self.device = next(runner.model.parameters()).device
        self.teacher.to(self.device)
        codec = getattr(runner.model, "module", runner.model).head.decoder
        self.transfer = _transfer(self.teacher, codec, self.keypoint_names, self.device)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Add the heatmaps to the batch.

        Args:
            runner: the training.
            batch_idx: number of the step in its epoch.
            data_batch: what ``kneron_collate`` made; its data_samples get teacher_heatmaps float32
                (N, K, h, w), and lose teacher_inputs.
        """
        samples = data_batch["data_samples"]
        if self.mixed_crops:
            mix_batch(data_batch, self.mixed_crops)
        pixels = samples.pop(INPUTS, data_batch["inputs"])
        maps = self.transfer(self.teacher.heatmaps(pixels.to(self.device, non_blocking=True)))
        samples["teacher_heatmaps"] = maps.clone()  # an inference tensor has no place in a graph


def _transfer(
    teacher: Teacher, codec: object, names: tuple[str, ...], device: torch.device
) -> MapTransfer:
    """Bring the teacher's maps to the grid of the student's codec."""
    width, height = teacher.notes.input_wh
    blank = torch.zeros(1, 3, height, width, dtype=torch.uint8, device=device)
    shape, sigma = teacher.heatmaps(blank).shape, teacher.notes.sigma
    columns, rows = (
        transfer_matrix(length, shape[axis], codec.sigma, sigma, udp=teacher.uses_udp).to(device)
        for length, axis in zip(codec.heatmap_wh, (3, 2), strict=True)
    )
    return MapTransfer(rows, columns, teacher.order_of(names))
