"""train.py --teacher: what the student learns from, what it leaves behind, and what is refused."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest
import torch

from mmpose_replacement.config.load import load_config
from mmpose_replacement.teacher import evaluate
from mmpose_replacement.teacher.network import Teacher, read_teacher
from models.checkpoints.weights import read_checkpoint
from models.export.to_onnx import export_model
from models.tracing.trace import ExportOptions, build_estimator
from train import parse_args
from utils.people_generator.generate import make_people

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
TAUGHT = ("max_epochs=2", "train_cfg.val_interval=1", "random_regions=1", "mixed_crops=0.5")
LARGER = ["codec.input_size=(128,256)", "codec.heatmap_size=(32,64)", "preprocess=kneron_720"]


@pytest.fixture(scope="session")
def larger_onnx(tmp_path_factory) -> Path:
    """A network of twice the size, in another preprocessing word."""
    torch.manual_seed(5)
    config = load_config(CONFIG, LARGER)
    path = tmp_path_factory.mktemp("teacher") / "larger.onnx"
    converted, _ = export_model(config, build_estimator(config), ExportOptions())
    path.write_bytes(converted.model.SerializeToString())
    return path


@pytest.fixture(scope="session")
def taught(tmp_path_factory, train_quietly, larger_onnx) -> Path:
    folder = tmp_path_factory.mktemp("taught")
    flags = ("--teacher", str(larger_onnx), "--no-validate")
    train_quietly(folder, *flags, also=TAUGHT)
    return folder


def records(folder: Path) -> list[dict]:
    lines = [line for path in folder.glob("*/vis_data/scalars.json") for line in open(path)]
    return [json.loads(line) for line in lines]


def test_the_teachers_loss_counts_and_its_weights_stay_outside(taught):
    losses = [each for each in records(taught) if "loss" in each]
    for each in losses:
        assert each["loss_teacher"] > 0
        assert each["loss"] == pytest.approx(each["loss_kpt"] + each["loss_teacher"], rel=1e-5)
    student = build_estimator(load_config(CONFIG))
    assert set(read_checkpoint(taught / "epoch_2.pth")["state_dict"]) == set(student.state_dict())


def test_the_crop_cache_holds_the_people_that_a_teacher_labels(larger_onnx, tmp_path):
    make_people(tmp_path / "train", 4, seed=5)
    file = tmp_path / "train/annotations.json"
    labels = json.loads(file.read_text())
    labels["annotations"][0] |= {"keypoints": [0] * 51, "num_keypoints": 0}
    file.write_text(json.dumps(labels))

    def make(*flags: object) -> subprocess.CompletedProcess:
        words = [sys.executable, ROOT / "tools/build_crop_cache.py", CONFIG, *flags]
        words += ["--cfg-options", f"data_root={tmp_path}/", f"crop_cache={tmp_path}/crops"]
        return subprocess.run(list(map(str, words)), capture_output=True, text=True)

    count = len(labels["annotations"])
    assert f": {count - 1} people, " in make().stdout
    assert f": {count} people, " in make("--teacher", larger_onnx).stdout
    missing = make("--teacher", tmp_path / "no.onnx")
    assert missing.returncode == 1
    assert missing.stderr.startswith(f"error: {tmp_path / 'no.onnx'}: ")


def test_asking_the_teacher_is_no_wait_for_data(train_quietly, larger_onnx, tmp_path, monkeypatch):
    answer, seconds = Teacher.heatmaps, 1.0

    def slowly(*args: object) -> torch.Tensor:
        time.sleep(seconds)
        return answer(*args)

    monkeypatch.setattr(Teacher, "heatmaps", slowly)
    train_quietly(tmp_path, "--teacher", str(larger_onnx), "--no-validate")
    steps = [each for each in records(tmp_path) if "loss" in each]
    assert min(each["time"] for each in steps) >= seconds > min(each["data_time"] for each in steps)


def test_a_resumed_run_is_the_same_run(taught, larger_onnx, train_quietly, tmp_path):
    (tmp_path / "epoch_1.pth").write_bytes((taught / "epoch_1.pth").read_bytes())
    flags = ("--resume", "--teacher", str(larger_onnx), "--no-validate")
    train_quietly(tmp_path, *flags, also=TAUGHT)
    ours, theirs = (
        read_checkpoint(folder / "epoch_2.pth")["state_dict"] for folder in (tmp_path, taught)
    )
    for name, weight in theirs.items():
        torch.testing.assert_close(ours[name], weight, rtol=0, atol=0)


def test_both_figures_are_said(trained, train_quietly, tmp_path, capsys):
    train_quietly(tmp_path, "--teacher", str(trained / "epoch_2.pth"))
    out = capsys.readouterr().out
    assert re.search(r"best coco/AP -?\d\.\d{4} on \d+ people", out)
    assert re.search(r"teacher \S+epoch_2\.pth: coco/AP \d\.\d{4} on the same people", out)


def test_the_teachers_figure_is_of_its_own_order_and_decoder(larger_onnx, tmp_path, monkeypatch):
    model = onnx.load(larger_onnx)
    notes = {each.key: each.value for each in model.metadata_props}
    names = json.dumps(json.loads(notes["keypoint_names"])[::-1])
    notes |= {"keypoint_names": names, "decoder": '"argmax"', "blur_kernel_size": "7"}
    onnx.helper.set_model_props(model, notes)
    path = tmp_path / "reversed.onnx"
    onnx.save(model, path)
    runners = []
    monkeypatch.setattr(
        evaluate, "evaluate_with", lambda runner, *_, **__: runners.append(runner) or {}
    )
    evaluate.print_teacher(
        parse_args([str(CONFIG), "--teacher", str(path), "--work-dir", str(tmp_path)])
    )
    student = runners[0].model
    images = torch.rand(2, 3, 256, 128)
    maps = read_teacher(path).network(images)[0]
    torch.testing.assert_close(student.head(student.backbone(images)), maps.flip(1))
    assert student.head.decoder.decoder == "argmax"
    assert student.head.decoder.blur_kernel_size == 7


def test_people_without_labels_are_taken(people, train_quietly, larger_onnx, tmp_path, capsys):
    labels = json.loads((people / "train/annotations.json").read_text())
    for person in labels["annotations"][::2]:
        person.update(keypoints=[0] * 51, num_keypoints=0)
    bare = people / "train/half.json"
    bare.write_text(json.dumps(labels))
    also = ("train_dataloader.dataset.ann_file=half.json",)
    flags = ("--no-validate",)
    train_quietly(tmp_path / "a", *flags, also=also)
    train_quietly(tmp_path / "b", *flags, "--teacher", str(larger_onnx), also=also)
    told = [int(n) for n in re.findall(r"on (\d+) people for", capsys.readouterr().out)]
    assert told[0] < told[1] <= len(labels["annotations"])


def test_random_regions_are_taken(people, train_quietly, larger_onnx, tmp_path, capsys):
    train_quietly(
        tmp_path, "--teacher", str(larger_onnx), "--no-validate", also=("random_regions=2",)
    )
    labels = json.loads((people / "train/annotations.json").read_text())
    total = len(labels["annotations"]) + 2 * len(labels["images"])
    assert f"on {total} people and random regions for 1 epochs" in capsys.readouterr().out


def test_random_regions_without_a_teacher_are_refused(train_quietly, tmp_path):
    with pytest.raises(SystemExit, match=r"random_regions must have a teacher .* --teacher FILE"):
        train_quietly(tmp_path, "--no-validate", also=("random_regions=2",))


REFUSED = {
    "other aspect": (("codec.input_size=(64,96)",), "aspect, 64x96, got 128x256"),
    "other grid": (("codec.decoder=udp",), "only one of the two uses UDP's"),
    "narrower peaks": (("codec.sigma=0.5",), "must not be wider than the student's"),
}


@pytest.mark.parametrize(("also", "message"), REFUSED.values(), ids=REFUSED)
def test_a_teacher_that_does_not_fit_is_refused(
    also, message, larger_onnx, train_quietly, tmp_path
):
    with pytest.raises(SystemExit, match=rf"^error: .*{message}") as caught:
        train_quietly(tmp_path, "--teacher", str(larger_onnx), "--no-validate", also=also)
    assert "\n" not in str(caught.value)


def test_a_teacher_that_is_not_there_is_refused(train_quietly, tmp_path):
    with pytest.raises(SystemExit, match=r"gone\.onnx: teacher must be a file"):
        train_quietly(tmp_path, "--teacher", str(tmp_path / "gone.onnx"), "--no-validate")


def test_other_joints_are_refused(train_quietly, tmp_path):
    config = load_config(CONFIG, LARGER)
    config.dataset_info.keypoint_info[0].name = "antenna"
    config.dataset_info.skeleton_info = {}
    path = tmp_path / "odd.onnx"
    converted, _ = export_model(config, build_estimator(config), ExportOptions())
    path.write_bytes(converted.model.SerializeToString())
    with pytest.raises(SystemExit, match=r"17 joints, got 17; they differ in antenna, nose"):
        train_quietly(tmp_path / "w", "--teacher", str(path), "--no-validate")
