"""What a page shows of a fixed-point file: every tensor, the worst first and closely."""

import json
import re

import fixed_point_models as models
import numpy as np
import pytest

from utils.onnx_graph.file import write_model
from utils.quantization.layers_page import WORST, layer_parts
from utils.quantization.plan import Options
from utils.quantization.quantizer import prepare_rounding, write_down, write_records
from utils.quantization.schemes import get_scheme


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(0)
    crops = models.images(rng)
    options = Options(scheme=get_scheme("520"), method="percentage", percentage=0.999)
    prepared = prepare_rounding(models.a_bit_of_everything(rng), crops, options)
    written = write_down(prepared, "520", crops)
    write_model(written.model, tmp_path / "net.onnx")
    write_records(tmp_path / "net.json", written, {"chip": "520"})
    return tmp_path / "net.onnx"


def test_all_tensors_are_listed_and_the_worst_first(file):
    tensors = json.loads(file.with_suffix(".json").read_text())["tensors"]
    text = "".join(layer_parts(file))
    names = re.findall(r"<tr><td>([^<]+)</td>", text)
    worst = sorted(tensors, key=lambda tensor: tensor["snr_db"])[:WORST]
    assert names[: len(worst)] == [tensor["name"] for tensor in worst]
    assert names[len(worst) :] == [tensor["name"] for tensor in tensors]
    assert "<td>Conv</td>" in text


def test_histograms_count_every_value_that_was_seen(file):
    tensors = json.loads(file.with_suffix(".json").read_text())["tensors"]
    sizes = {sum(tensor["histogram"]) for tensor in tensors}
    assert all(len(tensor["histogram"]) == 64 for tensor in tensors)
    assert min(sizes) > 0
    assert sum(tensors[0]["histogram"]) == 8 * 6 * 8 * 8  # the input: eight crops of 6 x 8 x 8


def test_a_float_network_has_nothing_to_show(file):
    file.with_suffix(".json").unlink()
    assert layer_parts(file) == []


@pytest.mark.parametrize("content", ["[]", "{}", '{"tensors": [{}]}', "no json"])
def test_other_records_are_one_clear_line(file, content):
    file.with_suffix(".json").write_text(content)
    with pytest.raises(ValueError, match=r"net\.json: it must be the records of net\.onnx"):
        layer_parts(file)
