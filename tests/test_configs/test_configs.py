"""Every shipped configuration loads, builds, trains one step and validates one batch."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, METRICS, MODELS

from mmpose_replacement.config.load import load_config
from utils.drawing import LEFT_RGB, MIDDLE_RGB, RIGHT_RGB

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "configs/top_down").rglob("*.py"))
IDS = [str(path.relative_to(ROOT / "configs/top_down/lite_hrnet")) for path in CONFIGS]

# file: modules a stage, type of block, channels of the first branch, (w, h), sigma, people a GPU
ORIGINAL = {  # read from the configurations of HRNet/Lite-HRNet; naive heads take 30, see its file
    "coco/litehrnet_18_coco_256x192.py": ((2, 4, 2), "LITE", 40, (192, 256), 2, 64),
    "coco/litehrnet_18_coco_384x288.py": ((2, 4, 2), "LITE", 40, (288, 384), 3, 32),
    "coco/litehrnet_30_coco_256x192.py": ((3, 8, 3), "LITE", 40, (192, 256), 2, 64),
    "coco/litehrnet_30_coco_384x288.py": ((3, 8, 3), "LITE", 40, (288, 384), 3, 32),
    "coco/naive_litehrnet_18_coco_256x192.py": ((2, 4, 2), "NAIVE", 30, (192, 256), 2, 64),
    "coco/wider_naive_litehrnet_18_coco_256x192.py": ((2, 4, 2), "NAIVE", 40, (192, 256), 2, 64),
    "mpii/litehrnet_18_mpii_256x256.py": ((2, 4, 2), "LITE", 40, (256, 256), 2, 32),
    "mpii/litehrnet_30_mpii_256x256.py": ((3, 8, 3), "LITE", 40, (256, 256), 2, 32),
    "mpii/naive_litehrnet_18_mpii_256x256.py": ((2, 4, 2), "NAIVE", 30, (256, 256), 2, 32),
    "mpii/wider_naive_litehrnet_18_mpii_256x256.py": ((2, 4, 2), "NAIVE", 40, (256, 256), 2, 32),
}


def load(path, data_folder, monkeypatch):
    monkeypatch.setenv("LITEHRNET_DATA", str(data_folder))
    monkeypatch.chdir(data_folder)
    config = Config.fromfile(path)
    init_default_scope(config.default_scope)
    return config


def batch_of_two(dataset_config):
    dataset = DATASETS.build(dataset_config)
    return dataset, pseudo_collate([dataset[0], dataset[1]])


@pytest.mark.parametrize("path", CONFIGS, ids=IDS)
def test_config_trains_one_step_and_validates_one_batch(path, data_folder, monkeypatch):
    config = load(path, data_folder, monkeypatch)
    torch.manual_seed(0)
    np.random.seed(0)
    model = MODELS.build(config.model)
    model.init_weights()

    _, batch = batch_of_two(config.train_dataloader.dataset)
    optimizer = build_optim_wrapper(model, config.optim_wrapper)
    before = model.head.final_layer.weight.detach().clone()
    losses = model.train().train_step(batch, optimizer)
    assert math.isfinite(losses["loss_kpt"].item())
    assert not torch.equal(model.head.final_layer.weight, before)

    dataset, batch = batch_of_two(config.val_dataloader.dataset)
    with torch.no_grad():
        predictions = model.eval().val_step(batch)
    num_keypoints = config.model.head.out_channels
    assert predictions[0].pred_instances.keypoints.shape == (1, num_keypoints, 2)
    metric = METRICS.build(config.val_evaluator)
    metric.dataset_meta = dataset.metainfo
    metric.process(None, [prediction.to_dict() for prediction in predictions])
    figures = metric.evaluate(size=2)
    assert config.default_hooks.checkpoint.save_best in figures
    assert dataset.metainfo["num_keypoints"] == num_keypoints


@pytest.mark.parametrize(("name", "expected"), ORIGINAL.items(), ids=ORIGINAL)
def test_original_configurations_are_kept(name, expected, data_folder, monkeypatch):
    config = load(ROOT / "configs/top_down/lite_hrnet" / name, data_folder, monkeypatch)
    modules, block, channels, input_wh, sigma, batch_size = expected
    stages = config.model.backbone.extra.stages_spec
    assert tuple(stages.num_modules) == modules
    assert set(stages.module_type) == {block}
    assert stages.num_channels[0][0] == config.model.head.in_channels == channels
    assert tuple(config.codec.input_size) == input_wh
    assert tuple(4 * side for side in config.codec.heatmap_size) == input_wh
    assert config.codec.sigma == sigma
    assert config.train_dataloader.batch_size == batch_size
    assert config.auto_scale_lr.base_batch_size == 8 * batch_size
    assert config.optim_wrapper.optimizer == dict(type="Adam", lr=2e-3)
    assert config.train_cfg.max_epochs == 210
    assert config.param_scheduler[1].milestones == [170, 200]


@pytest.mark.parametrize("path", CONFIGS, ids=IDS)
def test_head_of_the_file_says_how_to_run_it(path):
    head = path.read_text(encoding="utf-8").split('"""')[1]
    assert f"Run:    python train.py {path.relative_to(ROOT)}\n" in head
    assert re.search(r"^Expect: .+", head, re.MULTILINE)
    assert re.search(r"^Source: .+", head, re.MULTILINE)


@pytest.mark.parametrize("path", CONFIGS, ids=IDS)
def test_one_word_switches_the_arithmetic_everywhere(path):
    config = load_config(path, ["preprocess=kneron_720"])
    words = re.findall(r"'preprocess': '(\w+)'", repr(config.to_dict()))
    assert set(words) == {"kneron_720"}
    assert len(words) >= 8  # the word, the normalisation, 2 loads and 2 crops, and their loaders'


@pytest.mark.parametrize("path", CONFIGS, ids=IDS)
def test_a_config_is_a_recipe_or_a_short_child_that_mmengine_reads_alike(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.split('"""')[2].split("\n")) > 90 or len(text.splitlines()) <= 18
    assert load_config(path).to_dict() == Config.fromfile(path).to_dict()


@pytest.mark.parametrize("path", CONFIGS, ids=IDS)
def test_the_learning_rate_can_be_scaled(path):
    assert load_config(path).auto_scale_lr.base_batch_size >= 16


def test_readme_layout_is_read_without_any_variable(monkeypatch):
    monkeypatch.delenv("LITEHRNET_DATA", raising=False)
    config = Config.fromfile(ROOT / "configs/top_down/lite_hrnet/coco/litehrnet_18_coco_256x192.py")
    assert config.val_evaluator.ann_file == "data/coco/annotations/person_keypoints_val2017.json"
    assert config.detection_file == (
        "data/coco/person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
    )
    mpii = Config.fromfile(ROOT / "configs/top_down/lite_hrnet/mpii/litehrnet_18_mpii_256x256.py")
    assert mpii.val_evaluator.gt_file == "data/mpii/annotations/mpii_gt_val.mat"


def test_detector_boxes_of_the_config_can_be_evaluated(data_folder, monkeypatch):
    config = load(CONFIGS[0], data_folder, monkeypatch)
    dataset = DATASETS.build(config.val_dataloader.dataset | {"bbox_file": config.detection_file})
    assert len(dataset) == 2


@pytest.mark.parametrize("name", ["coco", "mpii"])
def test_keypoint_facts_equal_mmposes(name):
    import mmpose
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    theirs_path = Path(mmpose.__file__).parent / f".mim/configs/_base_/datasets/{name}.py"
    ours, theirs = (
        parse_pose_metainfo(Config.fromfile(path).dataset_info)
        for path in (ROOT / f"configs/_base_/datasets/{name}.py", theirs_path)
    )
    for key in ("keypoint_id2name", "flip_indices", "skeleton_links", "upper_body_ids"):
        assert ours[key] == theirs[key], key
    np.testing.assert_array_equal(ours["sigmas"], theirs["sigmas"])
    np.testing.assert_array_equal(
        ours["dataset_keypoint_weights"], theirs["dataset_keypoint_weights"]
    )


def test_keypoint_facts_survive_a_dump(tmp_path):
    config = Config.fromfile(ROOT / "configs/_base_/datasets/coco.py")
    config.dump(tmp_path / "dumped.py")  # as a run leaves its config in the work dir
    assert Config.fromfile(tmp_path / "dumped.py").to_dict() == config.to_dict()


@pytest.mark.parametrize("name", ["coco", "mpii"])
def test_mmposes_drawings_have_the_colours_of_ours(name):
    info = Config.fromfile(f"configs/_base_/datasets/{name}.py").dataset_info
    sides = {"left": LEFT_RGB, "right": RIGHT_RGB}
    for point in info.keypoint_info.values():
        side = sides.get(point["name"].partition("_")[0], MIDDLE_RGB)
        assert tuple(point["color"]) == side, point["name"]
