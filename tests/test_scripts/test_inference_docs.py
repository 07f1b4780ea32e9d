"""What docs/inference.md says of flags and YAML keys is there."""

import dataclasses
import re
from pathlib import Path

import pytest

import inference
import inference_e2e
from utils.runners.pose_params import LiteHrnetParams, RsnAffineParams
from utils.runners.yolov5_params import Yolov5Params


@pytest.fixture(scope="module")
def page(root) -> str:
    return (root / "docs/inference.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("script", "heading"), [(inference, "## inference.py"), (inference_e2e, "## inference_e2e.py")]
)
def test_flags__all_that_are_described_are_there_and_the_other_way_round(
    page, capsys, script, heading
):
    section = page.split(heading + "\n")[1].split("\n## ")[0]
    with pytest.raises(SystemExit):
        script.parse_args(["--help"])
    known = set(re.findall(r"--[a-z][\w-]+", capsys.readouterr().out)) - {"--help"}
    known = {flag for flag in known if not flag.endswith("-params")}  # the same with a dash
    assert set(re.findall(r"`(--[a-z][\w-]+)", section)) <= known
    assert known <= set(re.findall(r"--[a-z][\w-]+", page))


@pytest.mark.parametrize("name", ["yolov5", "rsn_affine", "lite_hrnet"])
@pytest.mark.parametrize("script", [inference, inference_e2e])
def test_params_flags__with_underscores_and_dashes_and_a_default(root, script, name):
    base = ["--img-path", "a", *(["--save-path", "o"] if script is inference_e2e else [])]
    for flag in (f"--{name}_params", f"--{name.replace('_', '-')}-params"):
        assert getattr(script.parse_args([*base, flag, "x"]), f"{name}_params") == Path("x")
    default = getattr(script.parse_args(base), f"{name}_params")
    assert default == root / f"utils/{name}_init_params.yaml"


def test_every_key_is_explained(page):
    section = page.split("**Detector**")[1].split("\n## ")[0]
    explained = set(re.findall(r"\w+", section))
    for schema in (Yolov5Params, RsnAffineParams, LiteHrnetParams):
        keys = {field.name for field in dataclasses.fields(schema)} - {"source", "person_class"}
        assert keys <= explained, keys - explained


def test_the_page_s_python_is_valid(page):
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        compile(block, "docs/inference.md", "exec")
