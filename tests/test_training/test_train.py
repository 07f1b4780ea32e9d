"""train.py: what it leaves behind, how it goes on, and what it says to wrong input."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"


def read(path: Path) -> dict:
    """Any PyTorch user can read our files: tensors, plain values, NumPy arrays."""
    import models.checkpoints.weights as checkpoint

    return checkpoint.read_checkpoint(path)


def test_leaves_checkpoints_curves_and_scalars(trained, capsys):
    names = {path.name for path in trained.iterdir()}
    assert {"epoch_1.pth", "epoch_2.pth", "curves.png", "scalars.csv"} <= names
    assert any(name.startswith("best_coco_AP") for name in names)
    assert not [name for name in names if ".partial-" in name]
    header, *rows = (trained / "scalars.csv").read_text().splitlines()
    assert {"loss", "lr", "coco/AP"} <= set(header.split(","))
    assert len(rows) >= 2
    lines = next(trained.glob("*/vis_data/scalars.json")).read_text().splitlines()
    assert "coco/AP" in json.loads(lines[-1])


def test_checkpoints_hold_no_python_objects(trained):
    unsafe = torch.serialization.get_unsafe_globals_in_checkpoint(trained / "epoch_2.pth")
    assert not [name for name in unsafe if not name.startswith("numpy.")]


def test_resumed_training_equals_the_uninterrupted_one(trained, train_quietly, tmp_path, capsys):
    shutil.copy(trained / "epoch_1.pth", tmp_path)
    train_quietly(tmp_path, "--resume", also=("max_epochs=2", "train_cfg.val_interval=1"))
    ours, reference = read(tmp_path / "epoch_2.pth"), read(trained / "epoch_2.pth")
    assert ours["meta"]["iter"] == reference["meta"]["iter"]
    for name, value in reference["state_dict"].items():
        torch.testing.assert_close(ours["state_dict"][name], value, rtol=1e-5, atol=1e-7)
    assert re.search(
        r"trained KneronLiteHRNet \(0\.\d+ M parameters\) on \d+ people for 2 epochs",
        capsys.readouterr().out,
    )


def forget_best(path: Path) -> None:
    """Leave a checkpoint as it is while its epoch is validated for the first time."""
    checkpoint = read(path)
    info = checkpoint["message_hub"]["runtime_info"]
    for key in ("best_score", "best_ckpt"):
        info.pop(key, None)
    torch.save(checkpoint, path)


def change_meta(checkpoint: dict, **values) -> None:
    checkpoint["meta"].update(values)


SPOILT = {
    "no optimizer": (lambda c: c.pop("optimizer"), "got no optimizer"),
    "empty optimizer": (lambda c: c.update(optimizer={}), "got no optimizer"),
    "no schedulers": (lambda c: c.update(param_schedulers=[]), "got no param_schedulers"),
    "meta is a list": (lambda c: c.update(meta=[1]), "state of a training to go on from"),
    "epoch is text": (lambda c: change_meta(c, epoch="x"), "state of a training to go on from"),
    "no epoch": (lambda c: c["meta"].pop("epoch"), "state of a training to go on from"),
    "other groups": (
        lambda c: c["optimizer"].update(param_groups=[]),
        "state of a training to go on from",
    ),
    "hub is text": (lambda c: c.update(message_hub={"a": "b"}), "to go on from"),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILT.values(), ids=SPOILT)
def test_resume_from_half_a_state_is_refused(trained, train_quietly, tmp_path, spoil, message):
    checkpoint = read(trained / "epoch_1.pth")
    spoil(checkpoint)
    torch.save(checkpoint, tmp_path / "epoch_1.pth")
    with pytest.raises(SystemExit, match=rf"^error: .*epoch_1\.pth: .*{message}") as caught:
        train_quietly(tmp_path, "--resume", "--no-validate", also=("max_epochs=2",))
    assert "\n" not in str(caught.value)


def test_resume_runs_no_code_of_the_checkpoint(trained, train_quietly, tmp_path):
    checkpoint = read(trained / "epoch_1.pth")
    change_meta(checkpoint, config=f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    torch.save(checkpoint, tmp_path / "epoch_1.pth")
    train_quietly(tmp_path, "--resume", "--no-validate", also=("max_epochs=2",))
    assert (tmp_path / "epoch_2.pth").is_file()
    assert not (tmp_path / "ran").exists()


def test_resume_without_validation_after_one_with_it(trained, train_quietly, tmp_path, capsys):
    shutil.copy(trained / "epoch_1.pth", tmp_path)
    train_quietly(tmp_path, "--resume", "--no-validate", also=("max_epochs=2",))
    assert "best coco/AP" not in capsys.readouterr().out
    assert (tmp_path / "epoch_2.pth").is_file()


def test_a_second_training_in_one_folder_is_refused(train_quietly, tmp_path):
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from mmpose_replacement.engine.work_dir import alone_in\n"
        "with alone_in(Path(sys.argv[1])):\n    print('in', flush=True)\n    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen(command, cwd=ROOT, **pipes) as other:
        assert other.stdout.readline() == b"in\n"
        with pytest.raises(SystemExit, match=rf"must be of one training.*process {other.pid} on "):
            train_quietly(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [".running"]
        other.kill()
    train_quietly(tmp_path, "--no-validate")
    assert (tmp_path / "epoch_1.pth").is_file()


def test_resume_after_the_last_epoch_is_refused(trained, train_quietly, tmp_path):
    folder = shutil.copytree(trained, tmp_path / "copy")
    with pytest.raises(
        SystemExit, match=r"epoch_2\.pth: training must have epochs left, but 2 of 2"
    ):
        train_quietly(folder, "--resume", also=("max_epochs=2",))


def test_an_epoch_whose_validation_was_cut_off_is_validated_on_resume(
    trained, train_quietly, tmp_path, capsys
):
    shutil.copy(trained / "epoch_2.pth", tmp_path)
    forget_best(tmp_path / "epoch_2.pth")
    train_quietly(tmp_path, "--resume", also=("max_epochs=2", "train_cfg.val_interval=1"))
    assert "coco/AP" in (tmp_path / "scalars.csv").read_text()
    assert "for 2 epochs" in capsys.readouterr().out
    (best,) = tmp_path.glob("best_*.pth")
    assert read(tmp_path / "epoch_2.pth")["message_hub"]["runtime_info"]["best_ckpt"] == str(best)
    with pytest.raises(SystemExit, match="training must have epochs left"):
        train_quietly(tmp_path, "--resume", also=("max_epochs=2", "train_cfg.val_interval=1"))
    # written down, but its best checkpoint was not: the epoch's own knows nothing of it
    shutil.copy(trained / "epoch_2.pth", tmp_path)
    forget_best(tmp_path / "epoch_2.pth")
    best.unlink()
    train_quietly(tmp_path, "--resume", also=("max_epochs=2", "train_cfg.val_interval=1"))
    assert best.is_file()


def test_resume_goes_on_with_the_newest_and_not_with_an_older_training_that_came_further(
    trained, train_quietly, tmp_path
):
    old, new = read(trained / "epoch_2.pth"), read(trained / "epoch_1.pth")
    change_meta(old, epoch=9, time="20000101_000000")
    torch.save(old, tmp_path / "epoch_9.pth")
    torch.save(new, tmp_path / "epoch_1.pth")
    (tmp_path / "epoch_4.pth").write_bytes(b"damaged")
    train_quietly(tmp_path, "--resume", "--no-validate", also=("max_epochs=2",))
    assert read(tmp_path / "epoch_2.pth")["meta"]["epoch"] == 2


@pytest.mark.parametrize("size", [2, 8])
def test_resume_with_epochs_of_another_length_is_refused(trained, train_quietly, tmp_path, size):
    shutil.copy(trained / "epoch_1.pth", tmp_path)
    also = ("max_epochs=2", f"train_dataloader.batch_size={size}")
    with pytest.raises(SystemExit, match=r"epoch_1\.pth: an epoch must have the \d+ steps that"):
        train_quietly(tmp_path, "--resume", "--no-validate", also=also)


def test_resume_with_weights_to_begin_with(trained, train_quietly, tmp_path, capsys):
    flags = ("--resume", "--no-validate", "--load-from", str(trained / "epoch_2.pth"))
    train_quietly(tmp_path, *flags)
    assert f"training begins with {trained}/epoch_2.pth" in capsys.readouterr().out
    first = read(tmp_path / "epoch_1.pth")
    train_quietly(tmp_path, *flags, also=("max_epochs=2",))
    assert read(tmp_path / "epoch_2.pth")["meta"]["iter"] == 2 * first["meta"]["iter"]


def test_a_refused_training_leaves_no_folder(train_quietly, tmp_path):
    (tmp_path / "w.onnx").write_bytes(b"no network")
    with pytest.raises(SystemExit):
        train_quietly(tmp_path / "new", "--load-from", str(tmp_path / "w.onnx"))
    assert not (tmp_path / "new").exists()


def test_resume_without_a_checkpoint_begins_and_says_so(train_quietly, tmp_path, capsys):
    train_quietly(tmp_path, "--resume", "--no-validate")
    assert (
        f"{tmp_path}: no checkpoint epoch_N.pth there, training begins" in capsys.readouterr().out
    )
    assert read(tmp_path / "epoch_1.pth")["meta"]["epoch"] == 1


def test_load_from_begins_at_epoch_0_with_those_weights(trained, train_quietly, tmp_path):
    train_quietly(
        tmp_path,
        "--no-validate",
        "--ema",
        "--load-from",
        str(trained / "epoch_2.pth"),
        also=("optim_wrapper.optimizer.lr=0.0",),
    )
    ours, given = read(tmp_path / "epoch_1.pth"), read(trained / "epoch_2.pth")
    assert ours["meta"]["epoch"] == 1
    assert "ema_state_dict" in ours
    weight = "backbone.stem.conv1.conv.weight"
    torch.testing.assert_close(ours["state_dict"][weight], given["state_dict"][weight])
    assert not list(tmp_path.glob("best_*"))  # --no-validate


def test_load_from_another_network(trained, train_quietly, tmp_path):
    wrong = read(trained / "epoch_2.pth")["state_dict"]
    wrong["head.final_layer.weight"] = torch.zeros(17, 30, 1, 1)
    torch.save(wrong, tmp_path / "wrong.pth")
    with pytest.raises(SystemExit, match=r"wrong\.pth: checkpoint must fit.*1 of another shape"):
        train_quietly(tmp_path / "run", "--load-from", str(tmp_path / "wrong.pth"))


@pytest.mark.parametrize(
    ("flags", "also", "message"),
    [
        ((), ("train_dataloader.batchsize=2",), "has no 'batchsize'. Did you mean 'batch_size'"),
        (
            (),
            ("train_dataloader.batch_size=900",),
            r"batch_size must be at most \d\d, the people of a process, .*got 900",
        ),
        ((), ("nonsense=1",), "the config has no 'nonsense'"),
        ((), ("data_root=/nowhere/",), r"/nowhere/train/annotations\.json"),
        (("--load-from", "no.pth"), (), r"no\.pth: checkpoint must be a file"),
        (
            ("--auto-scale-lr",),
            ("auto_scale_lr=None",),
            "--auto-scale-lr needs auto_scale_lr.base_batch_size",
        ),
    ],
)
def test_wrong_options_give_one_message(train_quietly, tmp_path, flags, also, message):
    with pytest.raises(SystemExit, match=message):
        train_quietly(tmp_path, *flags, also=also)


@pytest.mark.skipif(torch.cuda.is_available(), reason="is about machines without a GPU")
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--amp",), "--amp needs a GPU"),
        (("--sync-bn",), "--sync-bn needs a GPU"),
        (("--gpu-ids", "1", "3"), "--gpu-ids must name GPUs of this machine, got .1, 3. of 0"),
    ],
)
def test_flags_that_need_a_gpu(train_quietly, tmp_path, flags, message):
    with pytest.raises(SystemExit, match=message):
        train_quietly(tmp_path, *flags)


def changed_config(folder: Path, old: str, new: str) -> Path:
    text = CONFIG.read_text().replace("../../../_base_", str(ROOT / "configs/_base_"))
    assert old in text
    path = folder / "changed.py"
    path.write_text(text.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("in_channels=3,", "in_channels=3, depth=9,", r"changed\.py: .*unexpected keyword.*depth"),
        ('type="KneronLiteHRNet"', 'type="KneronLiteHRNat"', "KneronLiteHRNat is not in"),
        ("optim_wrapper =", "optim_wraper =", "unknown key 'optim_wraper'. Did you mean 'optim_wr"),
        ("max_epochs = ", "max_epochs = = ", r"changed\.py: config must be Python.*line"),
        (
            "max_epochs = ",
            "max_epochs = epochs + ",
            r"changed\.py: config cannot be evaluated.*epochs",
        ),
    ],
)
def test_faulty_configs(people, tmp_path, old, new, message):
    config = changed_config(tmp_path, old, new)
    options = () if "max_epochs" not in old else ("train_cfg.val_interval=1",)
    import train

    with pytest.raises(SystemExit, match=message):
        train.main(
            [
                str(config),
                "--work-dir",
                str(tmp_path),
                "--cfg-options",
                *options,
                f"data_root={people}",
                "val_dataloader.num_workers=0",
            ]
        )


def test_config_of_mmpose_0x_is_refused_with_its_successor(tmp_path):
    import train

    old = tmp_path / "litehrnet_30_coco_256x192.py"
    old.write_text("total_epochs = 210\ndata = dict(samples_per_gpu=64)\n")
    with pytest.raises(
        SystemExit,
        match=r"mmpose 0\.x.*Use configs/top_down/lite_hrnet/coco/"
        r"litehrnet_30_coco_256x192\.py",
    ):
        train.main([str(old)])


def test_words_of_the_original_toolkit_are_understood(tmp_path):
    from mmpose_replacement.config.load import load_config

    path = changed_config(
        tmp_path,
        "val_cfg = dict()",
        'val_cfg = dict()\nresume_from = "a.pth"\nevaluation = dict(interval=5)',
    )
    config = load_config(path)
    assert config.resume is True
    assert config.load_from == "a.pth"
    assert config.train_cfg.val_interval == 5


def test_one_word_turns_the_whole_pipeline():
    from mmpose_replacement.config.load import load_config

    config = load_config(CONFIG, ["preprocess=kneron_720"])
    words = {
        step.preprocess
        for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader)
        for step in loader.dataset.pipeline
        if "preprocess" in step
    }
    assert words == {"kneron_720"}
    assert config.model.data_preprocessor.preprocess == "kneron_720"


@pytest.mark.parametrize(
    "flags",
    [
        ["--gpus", "0"],
        ["--gpus", "2", "--gpu-ids", "1"],
        ["--val-interval", "0"],
        ["--resume", "a.pth", "--load-from", "b.pth"],
    ],
)
def test_flags_that_exclude_each_other_end_with_usage(flags):
    import train

    with pytest.raises(SystemExit) as stop:
        train.main([str(CONFIG), *flags])
    assert stop.value.code == 2


def test_help_needs_no_torch(monkeypatch, capsys):
    import train

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SystemExit) as stop:
        train.parse_args(["--help"])
    assert stop.value.code == 0
    assert "--auto-scale-lr" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "got"),
    [("model.head.out_channels=14", r"\(14, 32, 16\)"), ("codec.heatmap_size=(8,8)", "(17, 8, 8)")],
    ids=["keypoints", "size"],
)
def test_a_head_that_does_not_fit_the_data_is_refused(train_quietly, tmp_path, option, got):
    rule = r"litehrnet_small_people_128x64\.py: network must give heatmaps .*"
    with pytest.raises(SystemExit, match=rule) as caught:
        train_quietly(tmp_path, "--no-validate", also=(option,))
    assert got.replace("\\", "") in str(caught.value)
    assert not list(tmp_path.glob("*.pth"))
