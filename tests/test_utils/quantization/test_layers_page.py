"""What a page shows of a fixed-point file: every tensor, the worst first and closely."""

import json
import math
import re

import fixed_point_models as models
import numpy as np
import onnx
import pytest

from utils.onnx_graph.file import write_model
from utils.quantization.layers_page import WORST, layer_parts
from utils.quantization.plan import Options
from utils.quantization.quantizer import prepare_rounding, write_down, write_records
from utils.quantization.schemes import get_scheme


@pytest.fixture
def file(tmp_path):
    return quantized(tmp_path / "net.onnx", "520")


def quantized(path, chip, **words):
    rng = np.random.default_rng(0)
    crops = models.images(rng)
    options = Options(scheme=get_scheme(chip), method="percentage", percentage=0.999, **words)
    prepared = prepare_rounding(models.a_bit_of_everything(rng), crops, options)
    written = write_down(prepared, chip, crops)
    write_model(written.model, path)
    write_records(path.with_suffix(".json"), written, {"chip": chip})
    return path


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


def test_a_float_network_may_have_any_json_beside_it(file):
    write_model(models.a_bit_of_everything(np.random.default_rng(0)), file)
    file.with_suffix(".json").write_text("[]")
    assert layer_parts(file) == []


def test_weights_of_sixteen_bits_are_all_in_their_histogram(tmp_path):
    path = quantized(tmp_path / "wide.onnx", "720", all_wide=True)
    sizes = {math.prod(t.dims) for t in onnx.load(path).graph.initializer if len(t.dims) == 4}
    rows = [row for row in "".join(layer_parts(path)).split("<tr>") if "<td>Conv</td>" in row]
    assert rows
    for row in rows:
        counts = re.findall(r"<title>(\d+)</title>", row.split("<svg")[-1])
        assert sum(map(int, counts)) in sizes


@pytest.mark.parametrize("content", ["[]", "{}", '{"tensors": [{}]}', "no json"])
def test_other_records_are_one_clear_line(file, content):
    file.with_suffix(".json").write_text(content)
    with pytest.raises(ValueError, match=r"net\.json: it must be the records of net\.onnx"):
        layer_parts(file)
