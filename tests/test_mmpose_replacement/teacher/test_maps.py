"""A teacher's heatmaps on the student's grid are those that the student's codec would draw."""

import numpy as np
import pytest
import torch

from mmpose_replacement.post_transforms import KneronHeatmap
from mmpose_replacement.teacher.maps import MapTransfer, transfer_matrix

TEACHER = {"input_size": (192, 256), "heatmap_size": (48, 64), "sigma": 2.0}
STUDENTS = {
    "half the size": {"input_size": (96, 128), "heatmap_size": (24, 32), "sigma": 1.5},
    "the same": TEACHER,
    "larger": {"input_size": (288, 384), "heatmap_size": (72, 96), "sigma": 3.0},
}


def transfer(student: KneronHeatmap, teacher: KneronHeatmap, order: list[int]) -> MapTransfer:
    columns, rows = (
        transfer_matrix(
            *(student.heatmap_wh[axis], teacher.heatmap_wh[axis]),
            *(student.sigma, teacher.sigma),
            udp=student.decoder == "udp",
        )
        for axis in range(2)
    )
    return MapTransfer(rows, columns, order)


@pytest.mark.parametrize("decoder", ["dark", "udp"])
@pytest.mark.parametrize("sizes", STUDENTS.values(), ids=STUDENTS)
def test_peaks_are_the_students_own_targets(sizes, decoder):
    student, teacher = (KneronHeatmap(**each, decoder=decoder) for each in (sizes, TEACHER))
    places = np.random.default_rng(0).uniform(0.2, 0.8, (1, 5, 2)).astype(np.float32)

    def drawn(codec: KneronHeatmap) -> torch.Tensor:
        edge = np.array(codec.input_wh) - (
            decoder == "udp"
        )  # UDP's last pixel is the region's edge
        keypoints = torch.from_numpy((places * edge).astype(np.float32))
        return codec.encode_batch(keypoints, torch.ones(1, 5))[0]

    order = [3, 0, 1, 4, 2]
    found = transfer(student, teacher, order)(drawn(teacher))
    # the teacher's own maps end three deviations from the peak with "udp"
    torch.testing.assert_close(found, drawn(student)[:, order], rtol=0, atol=0.02)


def test_a_network_of_the_same_grid_is_passed_on_bit_by_bit():
    student = KneronHeatmap(**TEACHER)
    maps = torch.randn(2, 3, 64, 48, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(transfer(student, student, [0, 1, 2])(maps), maps, rtol=0, atol=0)


def test_wider_peaks_than_the_students_are_refused():
    with pytest.raises(ValueError, match=r"must not be wider .* got deviations of 1\.00 and 0\.80"):
        transfer_matrix(24, 48, 0.8, 2.0, udp=False)
