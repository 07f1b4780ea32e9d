import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import utils
from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from prepostprocess.keypoints.decode import decode_heatmaps
from prepostprocess.preprocess import keypoints_to_image, prepare_person
from utils.params import ParamsError
from utils.people import Detections
from utils.runners.batch_choice import CANDIDATES, BatchChoice
from utils.runners.onnx_session import OnnxSession
from utils.runners.pipeline import load_pipeline


@pytest.fixture
def image() -> np.ndarray:
    """Noise with one bright spot, which every heatmap of the test network peaks at."""
    picture = np.random.default_rng(0).integers(0, 60, (120, 160, 3), np.uint8)
    picture[60:70, 80:90] = 255
    return picture


BOXES = np.array([[60, 30, 40, 70], [70, 40, 30, 50], [40, 20, 100, 90]], np.float32)


def load(e2e_models, folder, *, metadata=None, affine=None, hrnet=None, **model):
    e2e_models.pose_model(folder / "pose.onnx", metadata=metadata, **model)
    affine = e2e_models.write_yaml(folder / "r.yaml", padding=1.25, **(affine or {}))
    given = dict(preprocess="float", decoder="quarter") if metadata is None else {}
    values = dict(model_path="pose.onnx") | given | (hrnet or {})
    values = {key: value for key, value in values.items() if value is not None}
    return load_pipeline(
        None, affine, e2e_models.write_yaml(folder / "l.yaml", **values), threads=1
    )


def test_three_lines(e2e_models, tmp_path, image):
    paths = e2e_models.write_three(tmp_path, boxes=((32, 32, 30, 40, 0.9, 0.5),))
    people = load_pipeline(*paths.values(), threads=1)(image)
    assert len(people) == 1
    np.testing.assert_allclose(people.box_scores, [0.45], rtol=1e-6)
    assert people.keypoints.shape == (1, 17, 2)
    assert people.keypoints.dtype == people.keypoint_scores.dtype == np.float32
    # 60..69 and 80..89 are the bright pixels; the spot is about two heatmap pixels wide.
    np.testing.assert_allclose(people.keypoints[0], np.tile([84.5, 64.5], (17, 1)), atol=6)


def test_own_network_needs_no_yaml(e2e_models, tmp_path, image):
    e2e_models.pose_model(tmp_path / "pose.onnx", metadata=e2e_models.OWN_METADATA)
    pipeline = load_pipeline(None, None, tmp_path / "pose.onnx", threads=1)
    assert pipeline.spec.input_wh == (48, 64)
    assert pipeline.spec.keypoint_names == KEYPOINT_NAMES
    assert pipeline.spec.flip_indices[:5] == (0, 2, 1, 4, 3)
    assert pipeline(image, BOXES).keypoints.shape == (3, 17, 2)
    with pytest.raises(ValueError, match="boxes_xywh must be given without a detector"):
        pipeline(image)


def test_a_network_in_half_precision_answers_nearly_alike(e2e_models, tmp_path, image):
    import onnx

    metadata = e2e_models.OWN_METADATA
    exact = e2e_models.pose_model(tmp_path / "a.onnx", metadata=metadata)
    model = onnx.load(exact)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            value = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    del model.graph.value_info[:]
    onnx.save(model, tmp_path / "half.onnx")
    people = [
        load_pipeline(None, None, tmp_path / name, threads=1)(image, BOXES)
        for name in ("a.onnx", "half.onnx")
    ]
    assert people[1].keypoints.dtype == people[1].keypoint_scores.dtype == np.float32
    np.testing.assert_allclose(people[1].keypoints, people[0].keypoints, atol=4)
    np.testing.assert_allclose(people[1].keypoint_scores, people[0].keypoint_scores, rtol=0.01)


def test_numbers_in_half_precision_may_add_up_to_more_than_it_holds(e2e_models, tmp_path):
    from onnx import TensorProto, helper

    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT16, [1, 3, 64, 64]) for n in "xy"]
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    path = e2e_models.save(tmp_path / "half.onnx", nodes, values[:1], values[1:], {})
    pixels = np.full((1, 3, 64, 64), 64, np.float32)  # 786 432 together; half ends at 65 504
    np.testing.assert_array_equal(OnnxSession(path).run(pixels)[0], pixels)


@pytest.mark.parametrize(
    "change", [{}, {"padding": 1.1}, {"preprocess": "kneron_720"}, {"decoder": "dark"}]
)
def test_the_shipped_yaml_files_agree_with_any_network_of_ours(e2e_models, tmp_path, change):
    metadata = e2e_models.OWN_METADATA | change
    e2e_models.pose_model(tmp_path / "pose.onnx", metadata=metadata)
    shipped = Path(utils.__file__).parent
    text = (shipped / "lite_hrnet_init_params.yaml").read_text()
    (tmp_path / "l.yaml").write_text(re.sub("model_path: .*", "model_path: pose.onnx", text))
    affine = shipped / "rsn_affine_init_params.yaml"
    spec = load_pipeline(None, affine, tmp_path / "l.yaml", threads=1).spec
    assert {key: getattr(spec, key) for key in change} == change
    assert spec.padding == metadata["padding"]


@pytest.mark.parametrize("word", ["float", "kneron_520", "kneron_720"])
def test_estimate__is_prepare_person_and_decode(e2e_models, tmp_path, image, word):
    pipeline = load(e2e_models, tmp_path, hrnet={"preprocess": word})
    people = pipeline(image, BOXES)
    for box, found, scores in zip(BOXES, people.keypoints, people.keypoint_scores, strict=True):
        tensor, crop = prepare_person(image, box, (48, 64), word)
        maps = pipeline.pose.session.run(tensor[None])[0]
        points, expected_scores = decode_heatmaps(maps, (48, 64), "quarter")
        expected = keypoints_to_image(points[0], crop.center_xy, crop.scale_wh, (48, 64))
        np.testing.assert_array_equal(found, expected.astype(np.float32))
        np.testing.assert_array_equal(scores, expected_scores[0])


@pytest.mark.parametrize("batch", [1, 4, "N"])
@pytest.mark.parametrize("flip", [False, True])
def test_estimate__batches_and_images_do_not_matter(e2e_models, tmp_path, image, batch, flip):
    single = load(e2e_models, tmp_path, hrnet={"flip_test": flip})
    expected = [single(image, BOXES[i : i + 1]) for i in range(3)]
    other = image[:, ::-1].copy()
    (tmp_path / "b").mkdir()
    pipeline = load(e2e_models, tmp_path / "b", batch=batch, hrnet={"flip_test": flip})
    found = pipeline(image, BOXES)
    for i, one in enumerate(expected):
        np.testing.assert_allclose(found.keypoints[i], one.keypoints[0], atol=1e-3)
        np.testing.assert_allclose(found.keypoint_scores[i], one.keypoint_scores[0], atol=1e-5)
    assert pipeline(other, BOXES[:0]).keypoints.shape == (0, 17, 2)


def test_estimate__several_images_at_once(e2e_models, tmp_path, image):
    pipeline = load(e2e_models, tmp_path, batch="N")
    dark = image // 2
    found = pipeline.estimate(
        [image, dark, image], [Detections.of(BOXES), Detections.of([]), Detections.of(BOXES[:1])]
    )
    assert [len(people) for people in found] == [3, 0, 1]
    np.testing.assert_allclose(found[2].keypoints[0], found[0].keypoints[0], atol=1e-3)


def test_flip_test__of_a_symmetric_network_moves_by_the_shift_only(e2e_models, tmp_path, image):
    plain = load(e2e_models, tmp_path)
    crop = plain.affine.run(image, BOXES[:1])[0].image
    symmetric = np.concatenate([crop[:, :24], crop[:, :24][:, ::-1]], axis=1)
    flipped = load(e2e_models, tmp_path, hrnet={"flip_test": True})
    maps, averaged = (pipeline.pose.heatmaps([symmetric])[0] for pipeline in (plain, flipped))
    # The mirrored view is the same map one column on; the joints differ by their gain only.
    shifted = np.concatenate([maps[..., :1], maps[..., :-1]], axis=-1)
    swapped = shifted[list(plain.spec.flip_indices)]
    np.testing.assert_allclose(averaged, (maps + swapped) / 2, atol=1e-5)


def test_rsn_affine_mode(e2e_models, tmp_path, image):
    pipeline = load(
        e2e_models, tmp_path, hrnet={"preprocess": "kneron_720"}, affine={"mode": "affine"}
    )
    warped = pipeline.affine.run(image, BOXES[:1])[0].image
    expected = prepare_person(image, BOXES[0], (48, 64), "float")[1].image
    np.testing.assert_array_equal(warped, expected)
    pipeline = load(
        e2e_models, tmp_path, hrnet={"preprocess": "kneron_720"}, affine={"mode": "crop_resize_pad"}
    )
    expected = prepare_person(image, BOXES[0], (48, 64), "kneron_720")[1].image
    np.testing.assert_array_equal(pipeline.affine.run(image, BOXES[:1])[0].image, expected)


MISSING = {
    "preprocess": ({"hrnet": {"preprocess": None}}, r"l\.yaml: preprocess must be given for pose"),
    "decoder": ({"hrnet": {"decoder": None}}, r"l\.yaml: decoder must be given for pose\.onnx"),
}
CONTRADICTIONS = {
    "another input size": (
        {"affine": {"input_w": 192, "input_h": 256}},
        r"r\.yaml: input_w must be 48 as in pose\.onnx, got 192\. Correct it or leave it out",
    ),
    "two words": (
        {"affine": {"preprocess": "kneron_520"}},
        r"r\.yaml: preprocess must be float as in .*l\.yaml, got kneron_520",
    ),
    "the chip's crop of a float network": (
        {"affine": {"mode": "crop_resize_pad"}},
        r"r\.yaml: mode must be affine with preprocess float, got crop_resize_pad",
    ),
    "batch": ({"hrnet": {"batch_size": 8}}, r"l\.yaml: batch_size must be 1 as in pose\.onnx"),
    "joints without names": (
        {"joints": 14},
        r"pose\.onnx: heatmaps must be as many as keypoint names \(17\), got 14",
    ),
    "no picture": (
        {"inputs": 1},
        r"pose\.onnx: pose network must map \[N, 3, H, W\] to heatmaps",
    ),
}


@pytest.mark.parametrize(
    ("options", "message"),
    [*MISSING.values(), *CONTRADICTIONS.values()],
    ids=[*MISSING, *CONTRADICTIONS],
)
def test_load_pipeline__says_what_is_missing_or_contradicts(e2e_models, tmp_path, options, message):
    with pytest.raises(ParamsError, match=message) as caught:
        load(e2e_models, tmp_path, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("decoder", "dark", r"l\.yaml: decoder must be quarter as in .*pose\.onnx, got dark"),
        ("preprocess", "kneron_720", r"l\.yaml: preprocess must be float as in .*pose\.onnx"),
        ("input_h", 128, r"l\.yaml: input_h must be 64 as in pose\.onnx, got 128"),
    ],
)
def test_yaml_that_contradicts_the_metadata(e2e_models, tmp_path, key, value, message):
    with pytest.raises(ParamsError, match=message):
        load(e2e_models, tmp_path, metadata=e2e_models.OWN_METADATA, hrnet={key: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "bgr"}, "metadata colour must be rgb, got 'bgr'"),
        ({"padding": 1.5}, r"r\.yaml: padding must be 1.5 as in .*pose\.onnx, got 1.25"),
        ({"keypoint_names": ["a"]}, r"heatmaps must be as many as keypoint names \(1\), got 17"),
        (
            {"keypoint_names": ["left_eye", *(f"p{k}" for k in range(16))]},
            "keypoint_names must have a right joint for each left one, got 'left_eye' alone",
        ),
        ({"input_wh": None}, None),
    ],
)
def test_metadata_that_cannot_be_used(e2e_models, tmp_path, change, message):
    metadata = {k: v for k, v in (e2e_models.OWN_METADATA | change).items() if v is not None}
    if message is None:  # the graph says it too
        assert load(e2e_models, tmp_path, metadata=metadata).spec.input_wh == (48, 64)
        return
    with pytest.raises(ParamsError, match=message):
        load(e2e_models, tmp_path, metadata=metadata)


def test_box_outside_the_image__the_chip_cannot_crop_it(e2e_models, tmp_path, image):
    pipeline = load(e2e_models, tmp_path, hrnet={"preprocess": "kneron_520"})
    with pytest.raises(ValueError, match="the region must share a pixel with the image"):
        pipeline(image, np.array([[500, 500, 20, 20]]))


def test_thread_safe(e2e_models, tmp_path, image):
    pipeline = load(e2e_models, tmp_path, batch="N")
    images = [np.roll(image, 3 * i, axis=1) for i in range(12)]
    expected = [pipeline(picture, BOXES) for picture in images]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda picture: pipeline(picture, BOXES), images))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.keypoints, other.keypoints, atol=1e-3)


def test_batch_choice__tries_all_then_takes_the_fastest():
    choice, seconds = BatchChoice(), {1: 1.0, 2: 0.7, 4: 0.5, 8: 0.6, 16: 0.9}
    tried = []
    for _ in range(40):
        size = choice.choose(100)
        tried.append(size)
        choice.record(size, seconds[size] * size)
    assert set(tried) == set(CANDIDATES)
    assert set(tried[20:]) == {4}
    assert choice.choose(3) == 2  # of those that the work allows
