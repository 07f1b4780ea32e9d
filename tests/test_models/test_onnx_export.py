"""The decoder in the graph, the metadata, and the config inside a checkpoint."""

import json
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch

from models.checkpoints.config import read_config
from models.export.compare import gaps
from models.export.images import Images
from models.tracing.wrappers import KeypointDecoder, pixel_norm
from prepostprocess.keypoints.decode import decode_heatmaps
from prepostprocess.preprocess import PREPROCESS, normalize


def maps_with_peaks() -> np.ndarray:
    """A peak at every pixel of a small map in turn, ties and empty maps among them."""
    generator = np.random.default_rng(0)
    height, width = 7, 5
    maps = generator.random((height * width, 3, height, width), dtype=np.float32)
    for pixel in range(height * width):
        maps[pixel, 0].flat[pixel] = 2  # inside, on borders and in corners
    maps[:, 1] = np.round(maps[:, 1], 1)  # many equal pixels
    maps[::3, 2] = 0  # nothing above 0
    maps[1::3, 2] *= -1
    return maps


@pytest.mark.parametrize("decoder", ["quarter", "argmax"])
def test_decoder_of_the_graph_is_the_runners_bit_for_bit(decoder):
    maps = maps_with_peaks()
    network = KeypointDecoder((20, 28), quarter=decoder == "quarter")
    keypoints, scores = network(torch.from_numpy(maps))
    expected, peaks = decode_heatmaps(maps, (20, 28), decoder)
    np.testing.assert_array_equal(keypoints, expected)
    np.testing.assert_array_equal(scores, peaks)


@pytest.mark.parametrize("offset", [0.0, 128.0])
@pytest.mark.parametrize("word", PREPROCESS)
def test_normalisation_in_the_graph_is_the_switchs(word, offset):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), np.uint8)
    planes = torch.from_numpy(np.moveaxis(pixels, -1, 1).astype(np.float32) - np.float32(offset))
    np.testing.assert_allclose(pixel_norm(word, offset)(planes), normalize(pixels, word), atol=1e-6)


GOOD = """
codec = dict(input_size=(64, 128), sigma=1.5)
custom_imports = dict(allow_failed_imports=False, imports=['models'])
model = dict(type='TopdownPoseEstimator', low=-1)
test_dataloader = dict(dataset=dict(pipeline=[dict(type='PackPoseInputs')], info=dict({0: 'a'})))
"""


def checkpoint(folder, **content):
    torch.save(content, folder / "weights.pth")
    return folder / "weights.pth"


def test_config_in_a_checkpoint_is_read(tmp_path):
    config = read_config(checkpoint(tmp_path, state_dict={}, meta=dict(cfg=GOOD)))
    assert config.codec.input_size == (64, 128)
    assert config.model.low == -1
    assert config.test_dataloader.dataset.info[0] == "a"


BAD = {
    "none": (None, "checkpoint must carry its config, got weights alone. Give --config"),
    "call": (GOOD + "x = print(1)", "plain values, but line 6 computes something"),
    "statement": (GOOD + "import os", "plain values, but line 6 is no assignment"),
    "path as type": (GOOD.replace("PackPoseInputs", "os.system"), "registered classes.*'os.system"),
    "foreign import": (GOOD.replace("['models']", "['antigravity']"), "classes.*'antigravity'"),
    "old toolkit": ("model = dict(type='TopDown')", "of this toolkit, got one without 'codec'"),
    "no Python": ("model = = 1", "plain values, but invalid syntax"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_config_that_is_more_than_values_is_refused(tmp_path, text, message):
    path = checkpoint(tmp_path, state_dict={}, meta=dict(cfg=text))
    with pytest.raises(ValueError, match=f"weights.pth: .*{message}"):
        read_config(path)


class Session(SimpleNamespace):
    """What ``make_spec`` and the runner read of an ``OnnxSession``."""

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        self.seen = batch
        return [self.maps[: len(batch)]]


def session(maps: np.ndarray, **metadata) -> Session:
    values = dict(preprocess="float", decoder="dark", **metadata)
    notes = {key: json.dumps(value) for key, value in values.items()}
    shape = (None, *maps.shape[1:])
    return Session(
        path="net.onnx",
        metadata=notes,
        input_shape=(None, 3, 384, 288),
        output_shapes=[shape],
        batch=None,
        maps=maps,
    )


def runner_of(pose: Session):
    from utils.runners.lite_hrnet_runner import LiteHrnetRunner
    from utils.runners.pose_params import LiteHrnetParams, RsnAffineParams
    from utils.runners.pose_spec import make_spec

    params = LiteHrnetParams("p.yaml", "net.onnx")
    return LiteHrnetRunner(pose, make_spec(pose, params, RsnAffineParams("a.yaml")), params)


def test_runner_decodes_sigma_3_as_the_codec_does():
    from mmpose_replacement.post_transforms import KneronHeatmap

    codec = KneronHeatmap((288, 384), (72, 96), sigma=3, decoder="dark", blur_kernel_size=17)
    places = np.random.default_rng(0).uniform((30, 30), (250, 350), (1, 17, 2))
    clean = codec.encode(places)["heatmaps"]
    noise = np.random.default_rng(1).random(clean.shape, np.float32)
    maps = (clean + 0.02 * noise)[None].astype(np.float32)
    pose = session(maps, blur_kernel_size=17)
    found, scores = runner_of(pose).run([np.zeros((384, 288, 3), np.uint8)])
    expected, expected_scores = codec.decode(maps[0])
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(scores, expected_scores)
    without, _ = runner_of(session(maps)).run([np.zeros((384, 288, 3), np.uint8)])
    assert not np.array_equal(without, expected)  # the size of the blur matters


@pytest.mark.parametrize("offset", [0, 128])
def test_runner_does_not_normalise_twice(offset):
    pose = session(np.zeros((1, 17, 96, 72), np.float32), pixel_offset=offset)
    runner_of(pose).run([np.full((384, 288, 3), 200, np.uint8)])
    assert pose.seen.dtype == np.float32
    assert (pose.seen == 200 - offset).all()


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (dict(output="keypoints"), "must give heatmaps, but this one gives keypoints"),
        (
            dict(blur_kernel_size=10, normalization={}),
            "blur_kernel_size must be odd and above 0, got 10",
        ),
    ],
)
def test_runner_refuses(metadata, message):
    with pytest.raises(ValueError, match=message):
        runner_of(session(np.zeros((1, 17, 96, 72), np.float32), **metadata))


@pytest.mark.parametrize("place", range(3))
def test_no_number_on_one_batch_is_a_gap_that_stays(place):
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["": 13]> g (float[1,1,2,2] x) => (float[1,1,2,2] y) '
        "{ y = Identity(x) }"
    )
    pixels = np.ones((1, 1, 2, 2), np.float32)
    batches = [Images("crops", pixels, pixels) for _ in range(3)]
    batches[place] = Images("crops", pixels, fed=pixels * np.float32("nan"))
    assert np.isnan(gaps(torch.nn.Identity(), model, batches, None)["crops"])
