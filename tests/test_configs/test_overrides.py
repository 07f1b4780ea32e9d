"""An override reaches all that any file of the chain has made from its variable."""

import ast
import copy
from pathlib import Path

import pytest
from mmengine.config import Config, ConfigDict

from mmpose_replacement.config.load import load_config

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "configs/top_down").rglob("*.py"))
IDS = [str(path.relative_to(ROOT / "configs/top_down/lite_hrnet")) for path in CONFIGS]
LEAST = "model = dict(type='A')\ntest_dataloader = dict(a=1)\n"


def stored(node: ast.stmt) -> set[str]:
    return {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def replaced(value, words, new):
    if not words:
        return new
    value = copy.deepcopy(value)
    here = value
    for word in words[:-1]:
        here = here[word]
    here[words[-1]] = new
    return value


def run_by_statements(path: Path, name: str, words: list[str], new: object) -> dict:
    """The oracle: execute a chain line by line, and set the variable whenever a line sets it."""
    text = path.read_text(encoding="utf-8").replace("{{$LITEHRNET_DATA:data}}", "data")
    merged = ConfigDict()
    scope = {}
    for node in ast.parse(text).body:
        names = stored(node)
        if "_base_" in names:
            bases = ast.literal_eval(node.value)
            for base in [bases] if isinstance(bases, str) else bases:
                merged.update(run_by_statements(path.parent / base, name, words, new))
            scope["_base_"] = merged
            continue
        exec(compile(ast.Module([node], []), str(path), "exec"), scope)
        if name in names and (not words or words[0] in scope.get(name, {})):
            scope[name] = replaced(scope[name], words, new)
    own = {key: value for key, value in scope.items() if key != "_base_" and key[:2] != "__"}
    return Config._merge_a_into_b(copy.deepcopy(own), copy.deepcopy(merged.to_dict()))


def other(value):
    """Make a value of the same kind that is not the same."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 3
    if isinstance(value, float):
        return value * 2
    return f"other_{value}/" if value else "other"


def settings(config: Config):
    """Name every plain variable, and the parts of the codec, from which most others are made."""
    for name, value in config.to_dict().items():
        if isinstance(value, (bool, int, float, str)) or value is None:
            yield name, [], "kneron_520" if name == "preprocess" else other(value)
    for key in ("type", "sigma", "decoder"):
        yield "codec", [key], other(config.codec[key])


@pytest.mark.parametrize("path", CONFIGS, ids=IDS)
def test_every_variable_of_every_shipped_config_reaches_what_was_made_from_it(path, monkeypatch):
    monkeypatch.delenv("LITEHRNET_DATA", raising=False)
    count = 0
    for name, words, new in settings(Config.fromfile(path)):
        option = ".".join([name, *words])
        config = load_config(path, [f"{option}={new}"])
        assert config.to_dict() == run_by_statements(path, name, words, new), option
        count += 1
    assert count > 10


def write_chain(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder / f"{name}.py"


BASE = f"""{LEAST}
word = "float"
size = (192, 256)
codec = dict(size=size, decoder="quarter")
pipeline = [dict(type="Load", word=word), dict(type="Crop", codec=codec)]
loader = dict(batch=64, pipeline=pipeline)
test = loader
"""


def test_what_a_child_sets_reaches_its_parents(tmp_path):
    path = write_chain(
        tmp_path,
        base=BASE,
        middle='_base_ = "base.py"\nloader = dict(batch=32)\n',
        child='_base_ = "middle.py"\nword = "kneron_720"\ncodec = dict(decoder="dark")\n',
    )
    config = load_config(path)
    codec = {"size": (192, 256), "decoder": "dark"}
    pipeline = [dict(type="Load", word="kneron_720"), dict(type="Crop", codec=codec)]
    assert config.codec == codec
    assert config.loader == config.test == {"batch": 32, "pipeline": pipeline}


def test_the_command_line_has_the_last_word_over_every_file(tmp_path):
    child = '_base_ = "base.py"\nword = "kneron_720"\ncodec = dict(decoder="dark")\n'
    path = write_chain(tmp_path, base=BASE, child=child)
    config = load_config(path, ["word=kneron_520", "codec.decoder=udp", "loader.batch=8"])
    assert config.loader.pipeline == [
        dict(type="Load", word="kneron_520"),
        dict(type="Crop", codec={"size": (192, 256), "decoder": "udp"}),
    ]
    assert config.test.batch == 8


def test_a_child_may_replace_a_dictionary_and_compute_from_its_base(tmp_path):
    child = """_base_ = "base.py"
codec = dict(_delete_=True, size=(_base_.size[0] // 2, 128))
pipeline = [dict(type="Own", size=codec["size"])]
"""
    config = load_config(write_chain(tmp_path, base=BASE, child=child), ["size=(96, 256)"])
    assert config.codec == {"size": (48, 128)}
    assert config.test.pipeline == [dict(type="Own", size=(48, 128))]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('_base_ = "child.py"\n', "must not lead back to the file itself"),
        ('_base_ = ["./none.py"]\n', "must name files that exist"),
        ("_base_ = 'a' + str(1)\n", "must be a list of file names"),
    ],
)
def test_a_chain_that_cannot_be_read_is_refused(tmp_path, text, fault):
    with pytest.raises(ValueError, match=fault):
        load_config(write_chain(tmp_path, child=text + LEAST))
