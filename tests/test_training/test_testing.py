"""tools/test.py: both kinds of boxes, both kinds of files, and what --out holds."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from scripts import load_script

ROOT = Path(__file__).resolve().parents[2]
CONFIG = str(ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py")


@pytest.fixture(scope="session")
def test_script():
    module = load_script(ROOT / "tools/test.py")
    return module


@pytest.fixture(scope="session")
def plain(options) -> list[str]:
    return ["--cfg-options", options[0], *options[6:9]]


@pytest.fixture(scope="session")
def tested(test_script, trained, plain, tmp_path_factory, people):
    """Predictions of the checkpoint on labels' boxes."""
    out = tmp_path_factory.mktemp("tested") / "predictions.json"
    test_script.main(
        [
            CONFIG,
            str(trained / "epoch_2.pth"),
            "--out",
            str(out),
            "--work-dir",
            str(out.parent),
            *plain,
        ]
    )
    return json.loads(out.read_text())


def test_out_is_a_list_of_plain_records(tested, people):
    labels = json.loads((people / "val/annotations.json").read_text())["annotations"]
    assert len(tested) == len(labels)
    by_image = {}
    for label in labels:
        by_image.setdefault(label["image_id"], []).append(label["bbox"])
    for record in tested:
        assert set(record) == {"image_id", "keypoints", "box", "score"}
        assert np.array(record["keypoints"]).shape == (17, 3)
        assert any(
            np.allclose(record["box"], box, atol=1.5) for box in by_image[record["image_id"]]
        )


def test_exported_network_is_tested_the_same_way(
    test_script, tested, trained, plain, tmp_path, capsys
):
    import export2onnx

    onnx_path = tmp_path / "network.onnx"
    export2onnx.main([CONFIG, str(trained / "epoch_2.pth"), "--output", str(onnx_path)])
    assert "max |PyTorch - onnxruntime|" in capsys.readouterr().out
    out = tmp_path / "predictions.pkl"
    test_script.main(
        [CONFIG, str(onnx_path), "--out", str(out), "--work-dir", str(tmp_path), *plain]
    )
    records = pickle.loads(out.read_bytes())
    ours = np.array([record["keypoints"] for record in records])
    reference = np.array([record["keypoints"] for record in tested])
    np.testing.assert_allclose(ours[..., 2], reference[..., 2], atol=1e-5)
    # equal maxima lie at equal places, but for ties in the flat maps of a hardly trained network
    assert np.isclose(ours, reference, atol=1e-3).all(axis=-1).mean() > 0.5


def test_detector_boxes_are_tested_in_the_same_run_and_labelled(
    test_script, trained, people, plain, tmp_path, capsys
):
    labels = json.loads((people / "val/annotations.json").read_text())["annotations"]
    boxes = [dict(image_id=a["image_id"], category_id=1, bbox=a["bbox"], score=0.5) for a in labels]
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    text = Path(CONFIG).read_text().replace("../../../_base_", str(ROOT / "configs/_base_"))
    config = tmp_path / "with_detector.py"
    config.write_text(text + f'detection_file = "{tmp_path}/boxes.json"\n')
    test_script.main(
        [
            str(config),
            str(trained / "epoch_2.pth"),
            "--work-dir",
            str(tmp_path),
            "--out",
            str(tmp_path / "p.json"),
            *plain,
        ]
    )
    printed = capsys.readouterr().out
    assert "epoch_2.pth, ground-truth boxes" in printed
    assert "epoch_2.pth, detector boxes" in printed
    assert "coco-detector-boxes/AP" in printed
    assert (tmp_path / "p.json").is_file()
    assert len(json.loads((tmp_path / "p_detector.json").read_text())) == len(boxes)


def test_metrics_by_name_and_merge_by_probability(test_script, trained, plain, tmp_path, capsys):
    test_script.main(
        [
            CONFIG,
            str(trained / "epoch_2.pth"),
            "--eval",
            "PCK",
            "EPE",
            "--average_clips",
            "prob",
            "--work-dir",
            str(tmp_path),
            *plain,
        ]
    )
    printed = capsys.readouterr().out
    assert "keypoints/PCK" in printed
    assert "keypoints/EPE" in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--eval", "map"], "--eval must be one of .*mAP.*Did you mean mAP"),
        (["--eval", "PCKh"], "--eval must be one of"),
        (["--boxes", "detector"], "--boxes detector needs the file of boxes"),
    ],
)
def test_wrong_words_give_one_message(test_script, trained, plain, tmp_path, words, message):
    with pytest.raises(SystemExit, match=message):
        test_script.main(
            [CONFIG, str(trained / "epoch_2.pth"), *words, "--work-dir", str(tmp_path), *plain]
        )


def test_no_onnx_file(test_script, plain, tmp_path):
    (tmp_path / "broken.onnx").write_text("no network")
    with pytest.raises(SystemExit, match=r"broken\.onnx: network must be an ONNX file"):
        test_script.main(
            [CONFIG, str(tmp_path / "broken.onnx"), "--work-dir", str(tmp_path), *plain]
        )


def test_out_of_an_unknown_form_ends_with_usage(test_script, trained):
    with pytest.raises(SystemExit) as stop:
        test_script.main([CONFIG, str(trained / "epoch_2.pth"), "--out", "p.txt"])
    assert stop.value.code == 2


def test_opset_out_of_range(trained):
    import export2onnx

    with pytest.raises(SystemExit, match="--opset must be 11 to 18, got 9"):
        export2onnx.main([CONFIG, str(trained / "epoch_2.pth"), "--opset", "9"])
    assert not list(trained.glob("*.onnx"))


def test_network_of_another_preprocessing_is_refused(test_script, trained, plain, tmp_path):
    import export2onnx

    path = tmp_path / "device.onnx"
    weights = str(trained / "epoch_2.pth")
    export2onnx.main(
        [CONFIG, weights, "--output", str(path), "--cfg-options", "preprocess=kneron_720"]
    )
    with pytest.raises(
        SystemExit, match="preprocess must be 'float', as the config says, got 'kneron"
    ):
        test_script.main([CONFIG, str(path), "--work-dir", str(tmp_path), *plain])


def test_npu_check_answers_from_a_config_before_anyone_trains(capsys):
    module = load_script(ROOT / "tools/npu_check.py")
    assert module.main([CONFIG, "--npu", "720", "--raw"]) == 3  # channel shuffles, for one
    assert "Transpose" in capsys.readouterr().out
    assert module.main([CONFIG, "--npu", "720"]) == 0  # as export2onnx.py --npu 720 writes it
    assert "Transpose" not in capsys.readouterr().out
    assert module.main([str(ROOT / "tests/none.py"), "--npu", "720"]) == 2
    assert "none.py: model must be a file" in capsys.readouterr().err
