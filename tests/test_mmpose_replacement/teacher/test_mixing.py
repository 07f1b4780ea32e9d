"""Mixed crops: blends and patches of two crops, the same in every view, without labels."""

import pytest
import torch

from mmpose_replacement.teacher.hook import TeacherHook
from mmpose_replacement.teacher.mixing import INPUTS, mix_crops

COUNT = 400


@pytest.fixture(autouse=True)
def draws():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def plain_crops(height: int = 32, width: int = 24) -> torch.Tensor:
    """One grey a crop, laid out in memory as ``kneron_collate`` does."""
    greys = torch.arange(COUNT, dtype=torch.uint8)[:, None, None, None]  # repeats after 256
    return greys.expand(COUNT, height, width, 3).contiguous().permute(0, 3, 1, 2)


def test_no_share_leaves_all_as_it_is():
    crops = plain_crops()
    (mixed,), is_mixed = mix_crops([crops], 0.0)
    assert torch.equal(mixed, crops)
    assert not is_mixed.any()


def test_a_share_is_mixed_and_the_rest_untouched():
    crops = torch.randint(0, 256, (COUNT, 3, 16, 12), dtype=torch.uint8)
    kept = crops.clone()
    (mixed,), is_mixed = mix_crops([crops], 0.5)
    assert is_mixed.float().mean().item() == pytest.approx(0.5, abs=0.1)
    assert torch.equal(mixed[~is_mixed], crops[~is_mixed])
    assert torch.equal(crops, kept)  # the loader's memory is not written to
    changed = (mixed != crops).flatten(1).any(dim=1)
    assert changed[is_mixed].float().mean() > 0.9  # the rest: with itself, or with next to nothing


def test_half_are_blends_of_two_and_half_are_patches():
    crops = plain_crops()
    (mixed,), is_mixed = mix_crops([crops], 1.0)
    assert is_mixed.all()
    assert mixed.stride() == crops.stride()
    greys = [torch.unique(each).tolist() for each in mixed]
    assert max(map(len, greys)) == 2  # own and the other's: never a blend inside a patch
    patched = torch.tensor([len(each) == 2 for each in greys])
    assert patched.float().mean().item() == pytest.approx(0.5, abs=0.1)
    for number in patched.nonzero()[:, 0].tolist():
        is_other = mixed[number, 0] != number % 256
        rows, columns = is_other.any(dim=1), is_other.any(dim=0)
        assert torch.equal(is_other, rows[:, None] & columns[None])  # a rectangle
        assert number % 256 in greys[number]


def test_the_others_part_is_uniform():
    crops = torch.zeros(COUNT, 3, 8, 6, dtype=torch.uint8)
    crops[::2] = 255
    (mixed,), _ = mix_crops([crops], 1.0)
    levels = mixed.float().mean(dim=(1, 2, 3)) / 255
    blends = levels[[len(torch.unique(each)) == 1 and 0 < each.max() < 255 for each in mixed]]
    assert len(blends) > COUNT / 8
    quartiles = torch.quantile(blends, torch.tensor([0.25, 0.5, 0.75]))
    assert quartiles.tolist() == pytest.approx([0.25, 0.5, 0.75], abs=0.12)


def test_a_larger_view_of_the_same_crops_is_mixed_alike():
    crops = torch.randint(0, 256, (COUNT, 3, 32, 24), dtype=torch.uint8)
    larger = crops.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    (mixed, mixed_larger), _ = mix_crops([crops, larger], 1.0)
    pooled = torch.nn.functional.avg_pool2d(mixed_larger.float(), 4)
    # a patch's edge may lie inside a pixel of the smaller view: a row and a column at most
    differs = (pooled - mixed.float()).abs().amax(dim=1) > 0.5
    assert (differs.any(dim=2).sum(dim=1) <= 32).all()
    assert differs.float().mean() < 2 * (1 / 32 + 1 / 24)


def test_mixed_crops_have_no_labels_and_the_teacher_sees_them():
    seen = []

    class AsksForPixels:
        def heatmaps(self, pixels: torch.Tensor) -> torch.Tensor:
            seen.append(pixels)
            return torch.zeros(len(pixels), 17, 8, 6)

    hook = TeacherHook("teacher.onnx", (), mixed_crops=0.5)
    hook.teacher, hook.device, hook.transfer = (
        AsksForPixels(),
        torch.device("cpu"),
        lambda maps: maps,
    )
    crops = plain_crops()
    samples = {
        "keypoints": torch.zeros(COUNT, 17, 2),
        "keypoints_visible": torch.ones(COUNT, 17),
        INPUTS: crops.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3),
    }
    batch = {"inputs": crops, "data_samples": samples}
    hook.before_train_iter(None, 0, batch)
    is_mixed = samples["keypoints_visible"][:, 0] == 0
    assert torch.equal(samples["keypoints_visible"].amin(dim=1) == 0, is_mixed)
    assert torch.equal(batch["inputs"][~is_mixed], crops[~is_mixed])
    assert (batch["inputs"] != crops).flatten(1).any(dim=1)[is_mixed].float().mean() > 0.8
    means = [each.float().mean(dim=(1, 2, 3)) for each in (batch["inputs"], seen[0])]
    torch.testing.assert_close(*means, atol=16, rtol=0)
    assert INPUTS not in samples
