import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from scripts import load_script

import inference_e2e
from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.inference import image_stages

KEY = "lmk_coco_body_17pts"


@pytest.fixture
def run(e2e_models, tmp_path, capsys):
    (tmp_path / "nets").mkdir()
    boxes = [(32, 28, 30, 40, 0.9, 0.9), (20, 40, 10, 12, 0.9, 0.7)]
    paths = e2e_models.write_three(tmp_path / "nets", boxes)
    flags = [word for name, path in paths.items() for word in (f"--{name}_params", str(path))]

    def run(folder: object, *more: object) -> tuple[int, str]:
        save_path = ["--save-path", str(tmp_path / "out.json")]
        try:
            code = inference_e2e.main(
                ["--img-path", str(folder), *flags, *save_path, *map(str, more)]
            )
        except SystemExit as err:
            code = err.code
        errors = capsys.readouterr().err
        return (1, errors + code) if isinstance(code, str) else (code, errors)

    return run


@pytest.fixture
def folder(tmp_path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("000000000012.png", "sub/000000000007.jpg", "sub/000000000009.bmp"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 255, (64, 64, 3), np.uint8)
        path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return tmp_path / "in"


def read(tmp_path, name="out.json"):
    return json.loads((tmp_path / name).read_text(encoding="utf-8"))


def test_records__the_originals_form(run, folder, tmp_path):
    code, errors = run(folder)
    assert (code, errors) == (0, "")
    records = read(tmp_path)
    names = ("000000000012.png", "sub/000000000007.jpg", "sub/000000000009.bmp")
    assert [record["img_path"] for record in records] == [f"{folder}/{name}" for name in names]
    for record in records:
        assert set(record) == {"img_path", KEY}
        assert len(record[KEY]) == 34
        assert all(isinstance(value, float) for value in record[KEY])


@pytest.mark.parametrize(
    ("layout", "shape"),
    [("flat34", (34,)), ("flat51", (51,)), ("17x2", (17, 2)), ("17x3", (17, 3))],
)
def test_landmark_format(run, folder, tmp_path, layout, shape):
    run(folder, "--landmark-format", layout)
    assert np.array(read(tmp_path)[0][KEY]).shape == shape


def test_names_as_the_ground_truth_has_them(run, folder, tmp_path):
    run(folder, "--relative-to", folder / "sub/..", "--path-prefix", "val2017/")
    assert read(tmp_path)[1]["img_path"] == "val2017/sub/000000000007.jpg"
    code, errors = run(folder, "--relative-to", tmp_path / "nets")
    assert code == 1
    assert "--relative-to must be a folder above the image" in errors


def test_all_persons(run, folder, tmp_path):
    run(folder)
    best = read(tmp_path)
    run(folder, "--persons", "all")
    records = read(tmp_path)
    assert len(records) == 6
    assert set(records[0]) == {"img_path", KEY, "bbox", "score"}
    assert records[0]["score"] >= records[1]["score"]
    assert records[0][KEY] == best[0][KEY]


@pytest.mark.parametrize("persons", ["best", "all"])
def test_nobody__an_empty_list(run, e2e_models, folder, tmp_path, persons):
    e2e_models.ultralytics_detector(tmp_path / "nets/detector.onnx", [])
    code, _ = run(folder, "--persons", persons, "--coco-json", tmp_path / "coco.json")
    assert code == 0
    assert [record[KEY] for record in read(tmp_path)] == [[], [], []]
    assert read(tmp_path, "coco.json") == []


def test_coco_json(run, folder, tmp_path):
    run(folder, "--coco-json", tmp_path / "coco.json")
    results = read(tmp_path, "coco.json")
    assert len(results) == 6
    assert {result["image_id"] for result in results} == {7, 9, 12}
    assert {len(result["keypoints"]) for result in results} == {51}
    (folder / "sub/000000000009.bmp").rename(folder / "7.bmp")
    for part in ((), ("--shard", "1/3")):
        code, errors = run(folder, "--coco-json", tmp_path / "other.json", *part)
        assert code == 1
        assert (
            "000000000007.jpg: --coco-json must have one image of each COCO number, got" in errors
        )
        assert not (tmp_path / "other.json").exists()
    (folder / "7.bmp").rename(folder / "sub/nine.bmp")
    code, errors = run(folder, "--coco-json", tmp_path / "coco.json")
    assert code == 1
    assert "nine.bmp: --coco-json must have images named by their COCO number" in errors


@pytest.mark.parametrize("prefix", ["COCO_val2014_", "1"])
def test_coco_json__numbers_are_of_the_files_whatever_is_put_before_them(
    run, folder, tmp_path, prefix
):
    flags = ("--coco-json", tmp_path / "coco.json", "--relative-to", folder)
    assert run(folder, *flags, "--path-prefix", prefix) == (0, "")
    assert {result["image_id"] for result in read(tmp_path, "coco.json")} == {7, 9, 12}
    assert len(read(tmp_path)) == 3


def test_corrupt_pictures__listed_at_the_end(run, folder, tmp_path):
    (folder / "a.jpg").write_bytes(b"")
    (folder / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    code, errors = run(folder)
    assert code == 1
    assert len(read(tmp_path)) == 3
    lines = errors.strip().splitlines()
    assert len(lines) == 2
    assert "a.jpg: image must be" in lines[0]
    assert "b.png: image must be complete" in lines[1]


def test_odd_files__named_and_the_others_done(run, folder, tmp_path):
    name = os.fsdecode(b"\xff.bmp")
    (folder / name).write_bytes((folder / "sub/000000000009.bmp").read_bytes())
    (folder / "line\nbreak.png").write_bytes((folder / "000000000012.png").read_bytes())
    (folder / "circle").symlink_to(folder)
    os.mkfifo(folder / "pipe.png")
    code, errors = run(folder)
    assert code == 1
    (line,) = errors.strip().splitlines()
    assert line.endswith(
        r"/\udcff.bmp: image's name must be UTF-8, which results are written in, got "
        "other bytes. Rename it."
    )
    names = [record["img_path"].removeprefix(f"{folder}/") for record in read(tmp_path)]
    assert "line\nbreak.png" in names
    assert len(names) == len(set(names)) == 4


def test_nothing_to_do(run, tmp_path):
    (tmp_path / "empty").mkdir()
    code, errors = run(tmp_path / "empty")
    assert code == 1
    assert "empty: --img-path must hold images" in errors
    (tmp_path / "v.mp4").write_bytes(b"video")
    code, errors = run(tmp_path / "v.mp4")
    assert code == 1
    assert "must be an image or a folder of images, got a video" in errors


def test_without_any_detector_one_line_says_where_to_get_one(run, folder, tmp_path, monkeypatch):
    shipped = tmp_path / "yolov5_init_params.yaml"
    shipped.write_text("model_path: nowhere/yolov5n.onnx\n")
    monkeypatch.setattr("utils.runners.yolov5_params.SHIPPED", shipped)
    code, errors = run(folder, "--yolov5_params", shipped)
    assert code == 1
    assert "--yolov5_params must name a detector, got none at" in errors
    assert "python tools/get_weights.py yolov5n" in errors
    assert not (tmp_path / "out.json").exists()


def test_a_network_of_other_joints(run, e2e_models, folder, tmp_path):
    metadata = {"keypoint_names": ["a", "b", "c"], "flip_pairs": []}
    e2e_models.pose_model(tmp_path / "nets/pose.onnx", joints=3, metadata=metadata)
    code, _ = run(folder)
    assert code == 0
    for record in read(tmp_path):
        assert len(record["lmk_3pts"]) in (0, 6)


def test_resume__after_an_interruption(run, folder, tmp_path, monkeypatch):
    more = ("--coco-json", tmp_path / "coco.json", "--persons", "all")
    run(folder, *more)
    whole, coco = read(tmp_path), read(tmp_path, "coco.json")
    (tmp_path / "out.json").unlink()

    real = image_stages.load_rgb

    def stop_at_the_third(path):
        if path.name.endswith("9.bmp"):
            raise KeyboardInterrupt
        return real(path)

    monkeypatch.setattr(image_stages, "load_rgb", stop_at_the_third)
    code, errors = run(folder, *more)
    assert code == 130
    assert "interrupted: the same command with --resume goes on" in errors
    assert 0 < len(read(tmp_path)) < len(whole)  # whole JSON, of what was done

    seen = []
    monkeypatch.setattr(image_stages, "load_rgb", lambda path: (seen.append(path), real(path))[1])
    code, _ = run(folder, *more, "--resume")
    assert code == 0
    assert len(seen) < 3
    assert read(tmp_path) == whole
    assert read(tmp_path, "coco.json") == coco
    assert not list(tmp_path.glob(".*partial*"))


def test_resume__of_nothing_is_a_start_and_of_another_file_an_error(run, folder, tmp_path):
    assert run(folder, "--resume")[0] == 0
    (tmp_path / "out.json").write_text('{"a": 1}')
    code, errors = run(folder, "--resume")
    assert code == 1
    assert "out.json: --resume must find a list of records with 'img_path'" in errors
    (tmp_path / "out.json").write_text("[" * 100_000)
    assert "--resume must find an interrupted run's file" in run(folder, "--resume")[1]
    (tmp_path / "out.json").write_text("[")
    assert "--resume must find an interrupted run's file" in run(folder, "--resume")[1]


@pytest.mark.parametrize(
    ("flags", "change"),
    [
        (("--landmark-format", "17x3"), {}),
        (("--persons", "all"), {}),
        ((), {KEY: [1.0] * 33}),
        ((), {KEY: [float("nan")] * 34}),
        ((), {KEY: "x"}),
        ((), {"img_path": ["a"]}),
    ],
    ids=str,
)
def test_resume__takes_no_record_that_it_would_not_write(run, folder, tmp_path, flags, change):
    run(folder)
    records = read(tmp_path)
    records[1] |= change
    (tmp_path / "out.json").write_text(json.dumps(records))
    code, errors = run(folder, "--resume", *flags)
    assert code == 1
    assert "out.json: --resume must find what a run with the same flags wrote" in errors
    assert read(tmp_path)[0] == records[0]


def test_results_under_other_names_are_not_thrown_away(run, folder, tmp_path):
    run(folder, "--shard", "1/1")
    run(folder)
    before = (tmp_path / "out.json").read_bytes()
    for flag in (("--resume",), ("--merge", 1)):
        code, errors = run(folder, *flag, "--relative-to", folder)
        assert code == 1
        assert f"out.json: {flag[0]} must find results of this run's images, got " in errors
        assert f"'{folder}/000000000012.png' for '000000000012.png'. Give --img-path" in errors
        assert (tmp_path / "out.json").read_bytes() == before


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("lost", [False, True], ids=["whole parts", "a part was ended early"])
def test_merged_parts_are_the_unsharded_run(run, folder, tmp_path, count, lost):
    more = ("--coco-json", tmp_path / "coco.json", "--persons", "all")
    (folder / "000000000001.png").write_bytes(b"no image")  # in no part and not in the whole
    assert run(folder, *more)[0] == 1
    files = [tmp_path / name for name in ("out.json", "coco.json")]
    whole = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    for number in range(1, count + 1):
        run(folder, *more, "--shard", f"{number}/{count}")
    assert not files[0].exists()
    if lost:
        for name in ("out", "coco"):
            (tmp_path / f"{name}.1-of-{count}.json").write_text("[]")
    code, errors = run(folder, *more, "--merge", count)
    assert code == 1
    assert "000000000001.png" in errors
    assert [file.read_bytes() for file in files] == whole


def test_merge_without_a_part(run, folder, tmp_path):
    run(folder, "--shard", "1/2")
    code, errors = run(folder, "--merge", 2)
    assert code == 1
    assert "out.2-of-2.json: --merge must find the files of all 2 parts" in errors
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    "flags",
    [
        *(("--shard", word) for word in ("0/2", "3/2", "2", "a/b", "-1/2", "1/2/3", "١/٢")),
        ("--merge", "-1"),
        ("--merge", "2", "--resume"),
        ("--merge", "2", "--shard", "1/2"),
    ],
    ids=" ".join,
)
def test_wrong_parts(run, folder, flags):
    code, errors = run(folder, *flags)
    assert code == 2
    assert flags[0] in errors


@pytest.fixture
def evaluate(root, capsys):
    module = load_script(root / "tools/eval_e2e.py")

    def evaluate(*flags: object) -> tuple[int, str]:
        try:
            module.main([str(flag) for flag in flags])
            code = 0
        except SystemExit as err:
            code = err.code
        out, errors = capsys.readouterr()
        return (1, errors + code) if isinstance(code, str) else (code, out + errors)

    return evaluate


def test_evaluation__of_itself_is_perfect(run, evaluate, folder, tmp_path):
    run(folder, "--persons", "all", "--landmark-format", "17x3", "--relative-to", folder)
    code, text = evaluate(tmp_path / "out.json", tmp_path / "out.json", "--output", tmp_path / "t")
    assert code == 0
    assert "3 images, 6 people labelled, 6 found" in text
    assert "AP     1.0000" in text
    assert "l2     0.000 px" in text
    assert text == (tmp_path / "t").read_text()


def test_evaluation__coco_truth_and_worst_cases(run, evaluate, folder, tmp_path):
    run(folder, "--coco-json", tmp_path / "coco.json")
    results = read(tmp_path, "coco.json")
    truth = dict(
        images=[dict(id=7, file_name="000000000007.jpg", width=64, height=64)],
        categories=[dict(id=1, name="person", keypoints=list(KEYPOINT_NAMES), skeleton=[])],
        annotations=[
            dict(id=i, iscrowd=0, area=900.0, num_keypoints=17, **result)
            for i, result in enumerate((r for r in results if r["image_id"] == 7), start=1)
        ],
    )
    for person in truth["annotations"]:
        person["keypoints"][2::3] = [2] * 17
    (tmp_path / "gt.json").write_text(json.dumps(truth))
    for result in ("coco.json", "out.json"):
        code, text = evaluate(
            tmp_path / result, tmp_path / "gt.json", "--worst", 1, "--img-path", folder / "sub"
        )
        assert code == 0
        found = 2 if result == "coco.json" else 1
        assert f"1 images, 2 people labelled, {found} found" in text
        drawings = list((tmp_path / f"{result.split('.')[0]}_worst").iterdir())
        assert [path.suffix for path in drawings] == [".png"]
    assert "AP     1.0000" not in text


def test_evaluation__flags(evaluate, tmp_path):
    assert "result and truth must be given, or --yaml" in evaluate("a.json")[1]
    assert "--worst must have --img-path" in evaluate("a.json", "b.json", "--worst", 3)[1]
    assert "must be left out with --yaml" in evaluate("a.json", "--yaml", "a.yaml")[1]
    code, text = evaluate(tmp_path / "a.json", tmp_path / "b.json")
    assert code == 1
    assert "b.json: it must be a list of records or a COCO keypoint file, got no such file" in text


def test_evaluation__kneron_evals_yaml(run, evaluate, folder, tmp_path):
    run(folder)
    (tmp_path / "e.yaml").write_text(
        f"GT_json_path: out.json\ninference_result: out.json\nlandmark_points: {KEY}\n"
        "distance_metrics: MAE\n"
    )
    code, text = evaluate("--yaml", tmp_path / "e.yaml")
    assert code == 0
    assert "MAE    0.000 px" in text
    assert "l1" not in text
