"""A config and its options: what an option changes, and what is refused before anything runs."""

import inspect
from pathlib import Path

import pytest

from mmpose_replacement.config.load import load_config
from utils.config_reader.read import RUNNER_KEYS

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/sample/litehrnet_18_lspet-coco_128x96.py"
COCO = ROOT / "configs/top_down/lite_hrnet/coco/litehrnet_18_coco_256x192.py"
LEAST = 'model = dict(type="M")\ntrain_dataloader = dict(batch_size=2)\n'


@pytest.fixture
def write(tmp_path):
    def call(text: str) -> Path:
        path = tmp_path / "some.py"
        path.write_text(text)
        return path

    return call


def steps(loader, kind: str) -> list[dict]:
    return [step for step in loader.dataset.pipeline if step.type == kind]


def test_an_option_of_the_codec_reaches_the_head_which_draws_the_targets():
    config = load_config(CONFIG, ["codec.decoder=dark"])
    assert config.codec.decoder == config.model.head.decoder.decoder == "dark"


def test_an_option_of_a_pipeline_reaches_the_loaders_made_from_it():
    config = load_config(CONFIG, ["train_pipeline.4.prob=0", "val_pipeline.1.padding=2"])
    assert config.train_dataloader.dataset.pipeline[4].prob == 0
    assert config.train_dataloader.dataset.pipeline[2].padding == 1.25
    assert config.val_dataloader.dataset.pipeline[1].padding == 2
    assert config.test_dataloader.dataset.pipeline[1].padding == 2


def test_an_option_flows_on_but_not_back():
    config = load_config(
        CONFIG,
        ["val_dataloader.num_workers=7", "val_evaluator.nms_thr=0.5"],
    )
    assert config.test_dataloader.num_workers == 7
    assert config.test_evaluator.nms_thr == 0.5
    config = load_config(CONFIG, ["test_dataloader.num_workers=7", "test_evaluator.nms_thr=0.5"])
    assert config.val_dataloader.num_workers == 2
    assert config.val_evaluator.nms_thr == 0.9
    config = load_config(CONFIG, ["val_dataloader.num_workers=7", "test_dataloader.num_workers=3"])
    assert (config.val_dataloader.num_workers, config.test_dataloader.num_workers) == (7, 3)


@pytest.mark.parametrize(
    "options",
    [["codec.input_size=(160,224)"], ["codec.input_size.0=160", "codec.input_size.1=224"]],
)
def test_a_tuple_is_set_whole_or_in_parts(options):
    config = load_config(CONFIG, options)
    (crop,) = steps(config.test_dataloader, "KneronTopdownAffine")
    assert crop.input_size == (160, 224)


def test_what_only_a_base_file_sets_is_replaced_in_the_result():
    options = ["default_hooks.checkpoint.interval=3", "optim_wrapper.optimizer.lr=0.5"]
    config = load_config(COCO, [*options, "train_cfg.max_epochs=20", "log_level=DEBUG"])
    assert config.default_hooks.checkpoint.interval == 3
    assert config.default_hooks.checkpoint.type == "CheckpointHook"
    assert config.optim_wrapper.optimizer.lr == 0.5
    assert config.train_cfg.max_epochs == 20
    assert config.log_level == "DEBUG"


def test_a_dict_that_merges_with_its_base_takes_both_kinds(write, tmp_path):
    (tmp_path / "base.py").write_text("hooks = dict(a=dict(x=1, t=(1, 2)))")
    path = write(f'_base_ = "base.py"\n{LEAST}hooks = dict(a=dict(y=2))\ncopy = hooks["a"]\n')
    config = load_config(path, ["hooks.a.x=5", "hooks.a.y=6"])
    assert config.hooks == {"a": {"x": 5, "y": 6, "t": (1, 2)}}
    assert config["copy"] == {"y": 6}
    assert not [key for key in config if key.startswith("_own_values_")]
    assert load_config(path, ["hooks.a.t.0=5"]).hooks["a"]["t"] == (5, 2)


def test_what_a_yaml_base_sets_is_replaced_in_the_result(write, tmp_path):
    (tmp_path / "base.yaml").write_text("hooks: {a: [1, 2], b: 3}")
    path = write(f'_base_ = "base.yaml"\n{LEAST}')
    assert load_config(path, ["hooks.b=5"]).hooks == {"a": [1, 2], "b": 5}
    with pytest.raises(ValueError, match=r"hooks\.a\.0 must not be a part of a list or tuple"):
        load_config(path, ["hooks.a.0=5"])


def test_an_option_stands_behind_the_last_assignment(write):
    path = write(
        f"{LEAST}steps = [1]\nsteps += [2]\nfor i in range(2):\n    last = [i]\nto = steps"
    )
    config = load_config(path, ["steps.1=7", "last.0=9", "i=5"])
    assert config.to == [1, 7]
    assert config.last == [9]
    assert config.i == 5


def test_code_of_a_config_is_kept(write):
    path = write(f"{LEAST}def twice(x):\n    y = 2 * x\n    return y\ny = 1\nz = twice(y)\n")
    assert load_config(path, ["y=4"]).z == 8
    assert load_config(path, ["model.type=N"]).z == 2


def test_plain_variables_and_their_parts_go_together():
    config = load_config(
        CONFIG, ["max_epochs=9", "param_scheduler.1.eta_min=0.1", "train_cfg.val_interval=2"]
    )
    assert config.param_scheduler[1].T_max == config.train_cfg.max_epochs == 9
    assert config.param_scheduler[1].eta_min == 0.1
    assert config.train_cfg.val_interval == 2


@pytest.mark.parametrize("folder", ["/some/people", "/some/people/"])
def test_data_root_gets_its_slash(folder):
    config = load_config(CONFIG, [f"data_root={folder}"])
    assert config.val_dataloader.dataset.data_root == "/some/people/coco/"


def test_a_folder_may_have_a_space_a_comma_or_only_digits():
    for folder in ("/my people", "/a,b", "2024"):
        config = load_config(CONFIG, [f"data_root={folder}"])
        assert config.data_root == f"{folder}/"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["codec.decoda=dark"], "codec has no 'decoda'. Did you mean 'decoder'?"),
        (
            ["train_pipeline.9.prob=0"],
            r"train_pipeline has no '9'\. It has: 0, 1, 2, 3, 4, 5, 6, 7 and 1 more\.",
        ),
        (["val_pipeline.9.x=0"], r"val_pipeline has no '9'\. It has: 0, 1, 2, 3\."),
        (["preprocess.x=0"], r"preprocess has no 'x'\. It has no parts\."),
        (["qqqq=0"], r"the config has no 'qqqq'\. It has: (\w+, ){7}\w+ and \d+ more\."),
        (["qqqq"], "--cfg-options must be key=value, got 'qqqq'"),
        (["codec.sigma=(1"], r"--cfg-options must have matching brackets, got 'codec\.sigma=\(1'"),
        (
            ["codec={'sigma':(1,2)}"],
            r"numbers, words, lists or tuples.*entries of a dict one by one",
        ),
        (["train_cfg.max_epochs=7"], r"train_cfg\.max_epochs must not .*Use max_epochs=7\."),
        (["preprocess=kneron_52"], r"preprocess must be one of .* Did you mean 'kneron_520'\?"),
        (["max_epochs=0"], "max_epochs must be a positive integer, got 0"),
        (["max_epochs=2.5"], r"max_epochs must be a positive integer, got 2\.5"),
        (["max_epochs=few"], "max_epochs must be a positive integer, got 'few'"),
        (["max_epochs=True"], "max_epochs must be a positive integer, got True"),
        (["train_cfg.val_interval=0"], r"train_cfg\.val_interval must be a positive .*got 0"),
    ],
)
def test_options_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        load_config(CONFIG, options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "config must set 'model', got none. Start from one below configs/"),
        ("train_dataloader = dict(a=1)", "config must set 'model', got none"),
        ("model = dict(a=1)", "config must set 'train_dataloader' or 'test_dataloader', got none"),
        ("x = 1 / 0", "config cannot be evaluated: ZeroDivisionError: division by zero"),
        ("raise RuntimeError('no')", "config cannot be evaluated: RuntimeError: no"),
        (
            f'{LEAST}custom_imports = dict(imports=["nope"], allow_failed_imports=False)',
            "config cannot be evaluated: ModuleNotFoundError: No module named 'nope'",
        ),
        ("x = 1\0", r"some\.py: config must be Python.*null bytes"),
        ('_base_ = ["none.py"]', r"_base_ must name files that exist, got .*/none\.py\. Names"),
        (
            '_base_ = "../none.py"',
            r"_base_ must name files that exist, got .*/none\.py\. Names",
        ),
        ("_base_ = name", "_base_ must be a list of file names, got name. Write"),
        (f"{LEAST}evaluation = dict(interval=0)", r"evaluation\.interval must be a positive"),
        (f"{LEAST}evaluation = dict(rule=1)", "evaluation must have 'interval' only, got"),
        (f"{LEAST}train_cfg = dict(max_epochs=-3)", r"train_cfg\.max_epochs must be .*got -3"),
    ],
)
def test_configs_that_are_refused(write, text, message):
    with pytest.raises(ValueError, match=message):
        load_config(write(text))


def test_a_test_loader_is_enough(write):
    config = load_config(write("model = dict(a=1)\ntest_dataloader = dict(batch_size=2)"))
    assert config.test_dataloader.batch_size == 2


def test_a_folder_is_no_config(tmp_path):
    with pytest.raises(FileNotFoundError, match="config must be a file, got a folder"):
        load_config(tmp_path)


def test_the_known_keys_are_those_of_mmengines_runner():
    from mmengine.runner import Runner

    assert {"self", "cfg", *RUNNER_KEYS} == set(inspect.signature(Runner.__init__).parameters)


def test_an_environment_variable_takes_its_place(write, monkeypatch):
    path = write(LEAST + 'root = "{{$SOME_PLACE:data}}/coco"\n')
    monkeypatch.delenv("SOME_PLACE", raising=False)
    assert load_config(path).root == "data/coco"
    monkeypatch.setenv("SOME_PLACE", "/my data")
    config = load_config(path)
    assert (config.root, config.filename) == ("/my data/coco", str(path))
    assert load_config(path, ["root=x"]).root == "x"
