import numpy as np
import pytest

from prepostprocess.crop.affine import apply_affine, crop_matrix, scale_matrix, warp_crop
from prepostprocess.crop.box import fix_aspect

INPUT_WH = (192, 256)
# Worked by hand: s = input width / region width, t = input / 2 - s * centre.
GOLDEN = {
    "shrink by 2": ((96, 128), (384, 512), [[0.5, 0, 48], [0, 0.5, 64]]),
    "enlarge by 2, off centre": ((10, 20), (96, 128), [[2, 0, 76], [0, 2, 88]]),
}


@pytest.mark.parametrize(("center", "scale", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_crop_matrix__golden(center, scale, expected):
    # OpenCV solves three points for it, in float64.
    np.testing.assert_allclose(crop_matrix(center, scale, INPUT_WH), expected, atol=1e-12)


def test_crop_matrix__quarter_turn():
    # The region's top, 64 above the centre, is to its right after a turn by +90 degrees.
    matrix = crop_matrix((100, 100), (96, 128), INPUT_WH, rotation_deg=90.0)
    points = apply_affine(np.array([[100.0, 100.0], [164.0, 100.0]]), matrix)
    np.testing.assert_allclose(points, [[96, 128], [96, 0]], atol=1e-9)


def test_udp_matrix__edges_go_to_the_outermost_pixels():
    matrix = crop_matrix((100, 100), (96, 128), INPUT_WH, udp=True)
    corners = apply_affine(np.array([[52.0, 36.0], [148.0, 164.0]]), matrix)
    np.testing.assert_allclose(corners, [[0, 0], [191, 255]], atol=1e-4)  # a float32 matrix


@pytest.mark.parametrize("udp", [False, True])
def test_crop_matrix__has_the_bits_of_mmpose(udp):
    from mmpose.structures.bbox import get_udp_warp_matrix, get_warp_matrix

    reference = get_udp_warp_matrix if udp else get_warp_matrix
    rng = np.random.default_rng(0)
    for index in range(500):
        center = rng.uniform(0, 600, 2).astype(np.float32)
        scale = fix_aspect(rng.uniform(5, 600, 2).astype(np.float32), INPUT_WH)
        rotation = np.float32(rng.uniform(-60, 60)) if index % 2 else 0.0
        np.testing.assert_array_equal(
            crop_matrix(center, scale, INPUT_WH, rotation, udp=udp),
            reference(center, scale, rotation, output_size=INPUT_WH),
        )


@pytest.mark.parametrize(
    ("udp", "expected"),
    [
        (False, [[2, 0, 76], [0, 1, 108]]),
        (True, [[191 / 96, 0, 75.6041667], [0, 255 / 256, 107.578125]]),
    ],
)
def test_scale_matrix__each_axis_has_its_own_factor(udp, expected):
    # By hand: factor (input - udp) / region, offset (region / 2 - centre) * factor.
    matrix = scale_matrix((10, 20), (96, 256), INPUT_WH, udp=udp)
    np.testing.assert_allclose(matrix, expected, atol=1e-6)


def test_image_and_points_move_together():
    image = np.zeros((64, 48, 3), np.uint8)
    image[40, 30] = 255  # row y=40, column x=30
    matrix = crop_matrix((24, 32), (24, 32), (48, 64))  # enlarge by 2
    row, column = np.argwhere(warp_crop(image, matrix, (48, 64))[..., 0] == 255)[0]
    np.testing.assert_array_equal(apply_affine(np.array([30.0, 40.0]), matrix), [column, row])


def test_warp_crop__black_outside_the_image():
    matrix = crop_matrix((0, 0), (48, 64), (48, 64))
    crop = warp_crop(np.full((64, 48, 3), 200, np.uint8), matrix, (48, 64))
    assert (crop[:31] == 0).all()
    assert (crop[:, :23] == 0).all()
    assert (crop[32:, 24:] == 200).all()


def test_apply_affine__keeps_dtype_and_shape():
    points = np.ones((1, 17, 2), np.float32)
    moved = apply_affine(points, np.array([[1.0, 0, 2], [0, 1, 3]]))
    assert moved.dtype == np.float32
    np.testing.assert_array_equal(moved, np.broadcast_to([3, 4], (1, 17, 2)))
