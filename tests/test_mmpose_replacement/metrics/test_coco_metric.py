"""Metrics: figures of known predictions, files written whole, words of --eval, clear faults."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.metrics import CocoMetric
from mmpose.registry import METRICS

from mmpose_replacement.metrics.coco_metric import KneronCocoMetric, PredictionDump
from utils.config_reader.evaluation import metric_configs

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def coco_meta():
    return parse_pose_metainfo(
        Config.fromfile(ROOT / "configs/_base_/datasets/coco.py").dataset_info
    )


def coco_content(num_people=3, seed=0):
    """People of 17 labelled keypoints, one an image, made up."""
    rng = np.random.default_rng(seed)
    people = []
    for index in range(1, num_people + 1):
        points = np.column_stack([rng.uniform(10, 90, (17, 2)).round(1), np.full(17, 2)])
        people.append(
            {
                "id": index,
                "image_id": index,
                "category_id": 1,
                "bbox": [10, 10, 80, 80],
                "area": 6400.0,
                "iscrowd": 0,
                "num_keypoints": 17,
                "keypoints": points.flatten().tolist(),
            }
        )
    return {
        "images": [
            {"id": p["image_id"], "file_name": f"{p['image_id']}.jpg", "width": 100, "height": 100}
            for p in people
        ],
        "annotations": people,
        "categories": [{"id": 1, "name": "person"}],
    }


def write(path, content):
    path.write_text(json.dumps(content))
    return str(path)


def samples(content, shift_xy=(0, 0), scores=0.9, visible=1):
    """What a network would hand over that is off by ``shift_xy``."""
    for person in content["annotations"]:
        labels = np.array(person["keypoints"], np.float32).reshape(1, 17, 3)
        x, y, w, h = person["bbox"]
        yield {
            "id": person["id"],
            "img_id": person["image_id"],
            "pred_instances": {
                "keypoints": labels[..., :2] + np.float32(shift_xy),
                "keypoint_scores": np.full((1, 17), scores, np.float32),
            },
            "gt_instances": {
                "keypoints": labels[..., :2],
                "keypoints_visible": np.minimum(labels[..., 2], visible),
                "bboxes": np.array([[x, y, x + w, y + h]], np.float32),
                "bbox_scores": np.array([0.5], np.float32),
                "bbox_scales": np.array([[w, h]], np.float32) * 1.25,
            },
        }


def disk_full(*_):
    raise OSError("disk full")


def evaluate(metric, predictions, meta=None):
    predictions = list(predictions)
    metric.dataset_meta = meta
    metric.process(None, predictions)
    return metric.evaluate(size=len(predictions))


# COCO


def test_coco_perfect_prediction_has_ap_1(tmp_path, coco_meta):
    content = coco_content()
    metric = KneronCocoMetric(write(tmp_path / "people.json", content))
    figures = evaluate(metric, samples(content), coco_meta)
    assert figures["coco/AP"] == pytest.approx(1.0)
    assert figures["coco/AR"] == pytest.approx(1.0)


def test_coco_figures_of_many_people_equal_mmposes(coco_people, coco_meta):
    path = str(coco_people.root / coco_people.labels)
    content = json.loads(Path(path).read_text())
    rng = np.random.default_rng(1)
    predictions = list(samples(content))
    for sample in predictions:
        keypoints = sample["pred_instances"]["keypoints"]
        keypoints += rng.normal(0, 6, keypoints.shape).astype(np.float32)
    ours = evaluate(KneronCocoMetric(path), predictions, coco_meta)
    theirs = evaluate(CocoMetric(path), predictions, coco_meta)
    names = "AP AP50 AP75 AP(M) AP(L) AR AR50 AR75 AR(M) AR(L)".split()
    assert list(ours) == [f"coco/{name}" for name in names]
    assert list(ours.values()) == list(theirs.values())
    assert 0.2 < ours["coco/AP"] < 0.95  # the comparison is of figures that mean something


def test_coco_figures_are_not_printed_besides(tmp_path, coco_meta, capsys):
    content = coco_content()
    evaluate(
        KneronCocoMetric(write(tmp_path / "people.json", content)), samples(content), coco_meta
    )
    assert "Average Precision" not in capsys.readouterr().out


def test_coco_results_name_their_boxes(tmp_path, coco_meta):
    content = coco_content()
    metric = KneronCocoMetric(write(tmp_path / "people.json", content), boxes="detector")
    figures = evaluate(metric, samples(content), coco_meta)
    assert "coco-detector-boxes/AP" in figures


def test_coco_result_file_appears_only_when_whole(tmp_path, coco_meta):
    content = coco_content()
    prefix = str(tmp_path / "results")
    metric = KneronCocoMetric(write(tmp_path / "people.json", content), outfile_prefix=prefix)
    evaluate(metric, samples(content), coco_meta)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["people.json", "results.keypoints.json"]
    assert len(json.loads((tmp_path / "results.keypoints.json").read_text())) == 3


def test_coco_result_file_that_fails_leaves_the_old_one(tmp_path, coco_meta, monkeypatch):
    content = coco_content()
    path = tmp_path / "results.keypoints.json"
    path.write_text("old")
    metric = KneronCocoMetric(
        write(tmp_path / "people.json", content), outfile_prefix=str(tmp_path / "results")
    )
    monkeypatch.setattr("os.replace", disk_full)
    with pytest.raises(OSError, match="disk full"):
        evaluate(metric, samples(content), coco_meta)
    assert path.read_text() == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["people.json", path.name]


def test_coco_results_without_labels_can_be_written(tmp_path, coco_meta):
    content = coco_content()
    people = list(samples(content))
    del content["annotations"]
    metric = KneronCocoMetric(
        write(tmp_path / "images.json", content),
        outfile_prefix=str(tmp_path / "new" / "results"),
        format_only=True,
    )
    assert evaluate(metric, people, coco_meta) == {}
    assert len(json.loads((tmp_path / "new" / "results.keypoints.json").read_text())) == 3


COCO_FAULTS = {
    "no annotations": (
        lambda c: c.pop("annotations"),
        r"people\.json: it must be a COCO keypoint file .* got no list 'annotations'",
    ),
    "visibility .3": (
        lambda c: c["annotations"][1]["keypoints"].__setitem__(2, 0.3),
        r"visibility must be 0 .*: annotation 2\. Found: 0\.3 \(1 times\)\. Write these, or name a",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), COCO_FAULTS.values(), ids=COCO_FAULTS)
def test_coco_fault_is_one_clear_line(tmp_path, coco_meta, spoil, message):
    content = coco_content()
    spoil(content)
    metric = KneronCocoMetric(write(tmp_path / "people.json", content))
    with pytest.raises(ValueError, match=message):
        metric.dataset_meta = coco_meta


@pytest.mark.parametrize("area", [None, 0, "absent"])
def test_coco_area_that_is_none_is_taken_of_the_box(tmp_path, coco_meta, area):
    """AP of a prediction off by some pixels: as if 0.53 of the box stood in the file."""
    content, plain = coco_content(), coco_content()
    for person, other in zip(content["annotations"], plain["annotations"], strict=True):
        person["area"] = area
        if area == "absent":
            del person["area"]
        other["area"] = 0.53 * 80 * 80
    expected, got = (
        evaluate(
            KneronCocoMetric(write(tmp_path / "people.json", each)),
            samples(coco_content(), shift_xy=(4, 3)),
            coco_meta,
        )
        for each in (plain, content)
    )
    assert got == expected
    assert 0 < got["coco/AP"] < 1


def test_coco_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.json: .* got no such file"):
        KneronCocoMetric(str(tmp_path / "nothing.json"))


def test_coco_boxes_are_one_of_two(tmp_path):
    with pytest.raises(ValueError, match="boxes must be one of ground-truth, detector, got 'mine'"):
        KneronCocoMetric(boxes="mine")


def test_coco_predictions_for_other_images_are_refused(tmp_path, coco_meta):
    metric = KneronCocoMetric(write(tmp_path / "people.json", coco_content(2)))
    with pytest.raises(ValueError, match=r"it must list all evaluated images, got a .* image 3\."):
        evaluate(metric, samples(coco_content(3)), coco_meta)


@pytest.mark.filterwarnings("ignore:KneronCocoMetric got empty:UserWarning")
def test_coco_without_predictions_is_refused(tmp_path):
    metric = KneronCocoMetric(write(tmp_path / "people.json", coco_content()))
    with pytest.raises(ValueError, match="predictions must not be empty, got none"):
        metric.compute_metrics([])


# MPII


@pytest.mark.parametrize(("name", "read"), [("out.json", json.loads), ("out.pkl", pickle.loads)])
def test_dump_is_plain_data(tmp_path, name, read):
    path = tmp_path / "new" / name
    content = coco_content(2)
    figures = evaluate(PredictionDump(str(path)), samples(content, shift_xy=(1, 2)))
    assert figures == {"predictions/count": 2}
    assert [file.name for file in path.parent.iterdir()] == [name]
    first = read(path.read_bytes())[0]
    assert list(first) == ["image_id", "keypoints", "box", "score"]
    assert first["image_id"] == 1
    assert first["box"] == [10.0, 10.0, 80.0, 80.0]
    assert first["score"] == pytest.approx(0.5 * 0.9)  # box score times mean keypoint score
    labels = np.array(content["annotations"][0]["keypoints"]).reshape(17, 3)
    np.testing.assert_allclose(
        first["keypoints"], np.column_stack([labels[:, :2] + [1, 2], np.full(17, 0.9)]), atol=1e-4
    )
    plain = (type(first["image_id"]), type(first["score"]), type(first["keypoints"][0][0]))
    assert plain == (int, float, float)


def test_dump_score_is_0_without_a_good_keypoint(tmp_path):
    path = tmp_path / "out.json"
    evaluate(PredictionDump(str(path)), samples(coco_content(1), scores=0.1))
    assert json.loads(path.read_text())[0]["score"] == 0.0


def test_dump_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    path.write_text("old")
    monkeypatch.setattr("os.replace", disk_full)
    with pytest.raises(OSError, match="disk full"):
        evaluate(PredictionDump(str(path)), samples(coco_content(1)))
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.json"]  # no partial file


def test_dump_keeps_image_ids_that_are_text(tmp_path):
    path = tmp_path / "out.json"
    (sample,) = samples(coco_content(1))
    evaluate(PredictionDump(str(path)), [sample | {"img_id": "anna"}])
    assert json.loads(path.read_text())[0]["image_id"] == "anna"


def test_dump_onto_a_directory_is_refused(tmp_path):
    path = tmp_path / "out.json"
    metric = PredictionDump(str(path))
    path.mkdir()  # after the first look
    message = r"out\.json: out_file must be a file, got a directory\. Name a file in it\."
    with pytest.raises(ValueError, match=message):
        PredictionDump(str(path))
    with pytest.raises(ValueError, match=message):
        evaluate(metric, samples(coco_content(1)))


def test_dump_below_a_file_is_refused(tmp_path):
    (tmp_path / "notes").write_text("")
    with pytest.raises(
        ValueError,
        match=r"out\.json: out_file must lie in a directory, but .*notes is a file\. Name another",
    ):
        PredictionDump(str(tmp_path / "notes/deeper/out.json"))


def test_dump_has_a_known_suffix():
    with pytest.raises(
        ValueError, match=r"out_file must end in \.json, \.pkl or \.pickle, got 'a.x"
    ):
        PredictionDump("a.xml")


# Words of --eval

COCO_SET = {
    "type": "KneronCocoDataset",
    "data_root": "data/coco/",
    "ann_file": "annotations/v.json",
}
MPII_SET = {
    "type": "KneronMpiiDataset",
    "data_root": "data/mpii/",
    "ann_file": "annotations/v.json",
}
DETECTED = COCO_SET | {"bbox_file": "boxes.json"}

WORDS = {
    "mAP": ("mAP", COCO_SET, {"ann_file": "data/coco/annotations/v.json", "boxes": "ground-truth"}),
    "mAP of a detector": ("mAP", DETECTED, {"type": "KneronCocoMetric", "boxes": "detector"}),
    "PCKh": ("PCKh", MPII_SET, {"gt_file": "data/mpii/annotations/mpii_gt_val.mat"}),
    "PCK": ("PCK", COCO_SET, {"type": "PCKAccuracy", "norm_item": "bbox"}),
    "AUC": ("AUC", MPII_SET, {"type": "AUC"}),
    "EPE": ("EPE", MPII_SET, {"type": "EPE"}),
}


@pytest.mark.parametrize(("word", "dataset", "expected"), WORDS.values(), ids=WORDS)
def test_word_becomes_a_metric(word, dataset, expected):
    (config,) = metric_configs([word], dataset)
    assert config | expected == config


WRONG_WORDS = {
    "typo": (
        "map",
        COCO_SET,
        r"one of AUC, EPE, PCK, mAP for KneronCoco.*'map'\. Did you mean mAP",
    ),
    "other data set": ("PCKh", COCO_SET, r"for KneronCocoDataset, got 'PCKh'"),
    "AP of MPII": ("mAP", MPII_SET, r"one of AUC, EPE, PCK, PCKh for KneronMpiiDataset, got 'mAP'"),
    "detector": ("EPE", DETECTED, r"--eval must be one of mAP for detector boxes, got 'EPE'"),
    "nonsense": ("bbox-ish", COCO_SET, r"got 'bbox-ish'\. Choose one of them\."),
}


@pytest.mark.parametrize(("word", "dataset", "message"), WRONG_WORDS.values(), ids=WRONG_WORDS)
def test_word_that_does_not_fit_is_refused(word, dataset, message):
    with pytest.raises(ValueError, match=message):
        metric_configs([word], dataset)


@pytest.mark.parametrize(
    ("word", "key", "perfect", "off"),
    [
        ("PCK", "keypoints/PCK", 1.0, 1.0),  # (3, 4) is 5 of 80 pixels, below 0.2
        ("EPE", "keypoints/EPE", 0.0, 5.0),
        ("AUC", "keypoints/AUC", 0.95, 0.8),  # thresholds 0, 1/20 .. 19/20; 5/30 is below 16 of 20
    ],
)
def test_pixel_metrics_of_mmpose_on_coco_labels(word, key, perfect, off):
    content = coco_content()
    for keypoint in range(5):
        content["annotations"][0]["keypoints"][3 * keypoint : 3 * keypoint + 3] = [0, 0, 0]
    for shift, expected in (((0, 0), perfect), ((3, 4), off)):
        metric = METRICS.build(metric_configs([word], COCO_SET)[0])
        predictions = list(samples(content, shift_xy=shift))
        predictions[0]["pred_instances"]["keypoints"][0, :5] += 70  # not labelled: not counted
        assert evaluate(metric, predictions)[key] == pytest.approx(expected, abs=1e-5)
