"""The notes of exported networks: written and read back, refused where they break a rule."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from prepostprocess.metadata import PoseMetadata, read_metadata, write_metadata
from prepostprocess.preprocess import PREPROCESS

WHOLE = PoseMetadata(
    input_wh=(48, 64),
    preprocess="kneron_720",
    pixel_offset=128.0,
    padding=1.1,
    keypoint_names=("nose", "left_eye", "right_eye"),
    flip_pairs=((1, 2),),
    decoder="dark",
    blur_kernel_size=17,
    encoding_udp=False,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def test_what_is_written_is_read():
    stored = write_metadata(WHOLE, {"npu": "720"})
    assert read_metadata(stored, "a.onnx") == WHOLE
    assert json.loads(stored["npu"]) == "720"
    assert json.loads(stored["normalization"])["std"] == list(PREPROCESS["kneron_720"].std)


def test_a_silent_file_gets_the_defaults_and_foreign_keys_are_passed_over():
    found = read_metadata({"stride": "no JSON", "names": "{0: 'person'}"}, "a.onnx")
    assert found == PoseMetadata()
    assert found.keypoint_names == KEYPOINT_NAMES
    assert found.blur_kernel_size == 11  # mmpose's table: sigma 2


def test_another_programs_value_under_a_key_of_ours_is_passed_over(caplog):
    stored = {"preprocess": "imagenet", "padding": '"same"', "decoder": '"dark"'}
    found = read_metadata(stored, "a.onnx")
    assert found == PoseMetadata(decoder="dark")
    assert [record.getMessage() for record in caplog.records] == [
        "a.onnx: metadata preprocess of another program passed over",
        "a.onnx: metadata padding of another program passed over",
    ]


BAD = {
    "no JSON": ("decoder", "dark", "metadata must be JSON, got decoder that is not"),
    "nested": ("input_wh", "[" * 100_000, "metadata must be JSON, got input_wh that is not"),
    "one size": ("input_wh", "[48]", r"metadata input_wh must be two sizes above 0, got \[48\]"),
    "400 digits": ("input_wh", f"[{'9' * 400}, 64]", r"input_wh must be two sizes above 0, got"),
    "huge": ("padding", "9" * 400, "padding must be a number from 0.1 to 10, got 9{10}"),
    "a truth": ("padding", "true", "padding must be a number from 0.1 to 10, got True"),
    "infinite": (
        "padding",
        "Infinity",
        "padding must be a number from 0.1 to 10, got inf",
    ),
    "even": ("blur_kernel_size", "10", "blur_kernel_size must be odd and above 0, got 10"),
    "pair": ("flip_pairs", "[[1, 1]]", r"flip_pairs must be pairs of keypoint numbers, got"),
    "beyond": ("flip_pairs", "[[1, 17]]", r"flip_pairs must be numbers below 17, got \[1, 17\]"),
    "null": ("decoder", "null", "metadata decoder must be a word, got None"),
    "long": ("colour", json.dumps("x" * 5000), r"colour must be rgb or bgr, got 'x{10,60}\.\.\."),
}


@pytest.mark.parametrize(("key", "text", "message"), BAD.values(), ids=BAD)
def test_a_value_against_its_rule_is_named(key, text, message):
    with pytest.raises(ValueError, match=f"a.onnx: .*{message}") as caught:
        read_metadata({"normalization": "{}", key: text}, "a.onnx")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@given(key=st.sampled_from(list(write_metadata(WHOLE, {}))), value=JSON)
def test_any_value_is_taken_as_it_is_or_refused_in_words(key, value):
    try:
        found = read_metadata({"normalization": "{}", key: json.dumps(value)}, "a.onnx")
    except ValueError as err:
        message = str(err)
    else:
        message = "a.onnx: metadata "
        taken = getattr(found, key, None)  # nobody reads "normalization"
        assert taken == getattr(PoseMetadata(), key, None) or json.dumps(taken) == json.dumps(value)
    assert message.startswith("a.onnx: metadata ")


@pytest.mark.parametrize("colours", ["[[1, 2, 3], [1, 2, 3]]", "[[1, 2]]", "[[1, 2, 256]]", "3"])
def test_colours_must_be_one_a_keypoint(colours):
    stored = {"normalization": "{}", "keypoint_names": '["a"]', "colours": colours}
    with pytest.raises(ValueError, match=r"net\.onnx: metadata colours must be"):
        read_metadata(stored, "net.onnx")


def test_colours_come_back():
    stored = {"keypoint_names": '["a"]', "colours": "[[1, 2, 255]]", "normalization": "{}"}
    assert read_metadata(stored, "net.onnx").colours == ((1, 2, 255),)
    assert read_metadata({**stored, "colours": "null"}, "net.onnx").colours is None
