"""What is not there, and words that nobody knows, are told before PyTorch is loaded."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from utils.config_reader.read import read_config_file
from utils.config_reader.ready import require_data

ROOT = Path(__file__).resolve().parents[2]
CONFIG = "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
MPII = "configs/top_down/lite_hrnet/mpii/litehrnet_18_mpii_256x256.py"
SAMPLE = "configs/top_down/lite_hrnet/sample/wider_naive_litehrnet_18_128x96.py"
COCO = "configs/top_down/lite_hrnet/coco/litehrnet_18_coco_256x192.py"
NETWORK = "weights/litehrnet_kl520_no_upsampling_128x96_kl520.onnx"
# PyTorch is there and must not be asked for: it takes seconds
PROGRAM = """
import runpy, sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "mmpose", "mmcv"):
            raise AssertionError(name + " was loaded")
sys.meta_path.insert(0, Refused())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with labels and images of nobody, and weights that nobody reads."""
    folder = tmp_path_factory.mktemp("place")
    for part in ("train", "val"):
        (folder / part / "images").mkdir(parents=True)
        (folder / part / "annotations.json").write_text(json.dumps({}))
    (folder / "weights.pth").touch()
    return folder


def answer(*words: str, place: Path) -> str:
    """Run a script in which PLACE stands for the folder; return the last line of its errors."""
    given = [word.replace("PLACE", str(place)) for word in words]
    command = [sys.executable, "-c", PROGRAM, *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (1, 2)
    assert not done.stdout
    return done.stderr.splitlines()[-1].replace(str(place), "PLACE")


TRAIN, DATA = ("train.py", CONFIG), ("--cfg-options", "data_root=PLACE")
TEST = ("tools/test.py", CONFIG, "PLACE/weights.pth")
EXPORT = ("export2onnx.py", CONFIG, "PLACE/weights.pth")
WORD = "preprocess must be one of float, kneron_520, kneron_720, got 'kneron520'. Did you mean"
FAULTS = {
    "labels": ((*TRAIN, *DATA, "data_root=PLACE/no"), "PLACE/no/train/annotations.json: it must"),
    "labels of MPII": (("train.py", MPII, *DATA), "mpii_train.json: it must be an MPII file"),
    "data file": ((*TRAIN, "--data", "PLACE/no.yaml"), "no.yaml: parameters must be a readable"),
    "word": ((*TRAIN, *DATA, "preprocess=kneron520"), WORD),
    "--load-from": ((*TRAIN, *DATA, "--load-from", "no.pth"), "no.pth: checkpoint must be a file"),
    "--resume": ((*TRAIN, *DATA, "--resume", "no.pth"), "no.pth: checkpoint must be a file"),
    "--teacher": ((*TRAIN, *DATA, "--teacher", "no.onnx"), "no.onnx: teacher must be a file"),
    "regions": ((*TRAIN, *DATA, "random_regions=2"), "random_regions must have a teacher to label"),
    "mixed crops": ((*TRAIN, *DATA, "mixed_crops=0.5"), "mixed_crops must have a teacher to label"),
    "percent of crops": (
        (*TRAIN, *DATA, "mixed_crops=50"),
        "a share of the crops in [0, 1], got 50",
    ),
    "colour": (("train.py", SAMPLE, *DATA, "random_colour=much"), "at least 0, got 'much'"),
    "half a region": ((*TRAIN, *DATA, "random_regions=0.5"), "0 for none, got 0.5"),
    "--work-dir": (
        (*TRAIN, *DATA, "--work-dir", "PLACE/weights.pth/run"),
        "PLACE/weights.pth/run: results must lie in a directory, but PLACE/weights.pth is a file",
    ),
    "test labels": ((*TEST, *DATA, "data_root=PLACE/no"), "PLACE/no/val/annotations.json: it must"),
    "test word": ((*TEST, *DATA, "preprocess=kneron520"), WORD),
    "--eval": ((*TEST, *DATA, "--eval", "mAp"), "got 'mAp'. Did you mean mAP?"),
    "--out": ((*TEST, *DATA, "--out", "PLACE/weights.pth/a.json"), "out_file must lie in a dir"),
    "checkpoint": (("tools/test.py", CONFIG, "no.pth"), "no.pth does not exist or is not a file"),
    "test folder": ((*TEST, *DATA, "--work-dir", "PLACE/weights.pth"), "the log must lie in a dir"),
    "export word": ((*EXPORT, "--cfg-options", "preprocess=kneron520"), WORD),
    "export data": ((*EXPORT, "--data", "PLACE/no.yaml"), "no.yaml: parameters must be a readable"),
    "export weights": (("export2onnx.py", CONFIG, "no.pth"), "no.pth does not exist or is not"),
    "cache": (("tools/build_crop_cache.py", CONFIG, *DATA, "data_root=PLACE/no"), "no such file"),
    "browse": (
        ("tools/browse_dataset.py", CONFIG, "-o", "PLACE/a.png", *DATA, "data_root=PLACE/no"),
        "PLACE/no/train/annotations.json: it must be a COCO keypoint file, got no such file",
    ),
    "doctor": (
        ("tools/doctor.py", COCO),
        "train2017.json: it must be a COCO keypoint file, got no",
    ),
    "doctor of MPII": (("tools/doctor.py", MPII), "mpii_train.json: it must be an MPII file"),
    "report": (("tools/report.py", "PLACE/no"), "PLACE/no: work directory must be a folder"),
    "calibration": (
        ("tools/export_calibration.py", NETWORK, "--ann-file", "PLACE/no.json")
        + ("--img-dir", "PLACE", "--out", "PLACE/a.npz"),
        "PLACE/no.json: it must be a COCO keypoint file, got no such file",
    ),
}


@pytest.mark.parametrize(("words", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_before_pytorch_is_loaded(place, words, message, monkeypatch):
    monkeypatch.setenv("LITEHRNET_DATA", str(place))  # what configs read from there costs nothing
    before = sorted(place.rglob("*"))
    told = answer(*words, place=place)
    assert message in told
    assert ": error: " in told or told.startswith("error: ")
    assert sorted(place.rglob("*")) == before


def test_a_missing_folder_of_images_is_told_before_pytorch_is_loaded(place, tmp_path):
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    (tmp_path / "val/images").rmdir()
    line = "PLACE/val/annotations.json: its images must be in the folder PLACE/val/images/, got no"
    assert line in answer(*TRAIN, *DATA, place=tmp_path)
    told = answer(*TRAIN, "--no-validate", *DATA, "preprocess=no", place=tmp_path)
    assert "preprocess must be" in told  # what is not read need not be there
    config = read_config_file(ROOT / CONFIG, [f"data_root={tmp_path}"])
    require_data(config, "train")


@pytest.mark.parametrize("lacks", ["val/annotations.json", "val/images"])
def test_the_data_set_itself_says_the_same(place, tmp_path, lacks):
    from mmengine.registry import init_default_scope
    from mmpose.registry import DATASETS

    import mmpose_replacement  # noqa: F401 - registers the data set

    init_default_scope("mmpose")
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    (tmp_path / lacks).rename(tmp_path / "elsewhere")
    config = read_config_file(ROOT / CONFIG, [f"data_root={tmp_path}"])
    with pytest.raises(FileNotFoundError) as early:
        require_data(config, "val")
    with pytest.raises(FileNotFoundError) as late:
        DATASETS.build(config.val_dataloader.dataset)
    assert str(early.value) == str(late.value)
