"""tools/eval_e2e.py on files with exchanged, missing and odd values: an answer or one line."""

import copy
import json
import random

import pytest
from scripts import load_script

from utils.people_generator.generate import make_people

ODD = [None, True, 5, -1, float("inf"), float("nan"), "x", "", [], {}, [[]], 10**400, "1", [1, 2]]
ROUNDS = 300


def places(value, path=()):
    """Paths to all values within a value."""
    if not isinstance(value, (dict, list)):
        return
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield (*path, key)
        yield from places(inner, (*path, key))


def spoil(content, rng: random.Random):
    """A copy with one or two values exchanged or taken out."""
    content = copy.deepcopy(content)
    for _ in range(rng.randint(1, 2)):
        by_depth: dict[int, list] = {}
        for path in places(content):
            by_depth.setdefault(len(path), []).append(path)
        if not by_depth:
            return copy.deepcopy(rng.choice(ODD))
        *above, key = rng.choice(by_depth[rng.choice(list(by_depth))])
        node = content
        for step in above:
            node = node[step]
        if isinstance(node, dict) and rng.random() < 0.2:
            del node[key]
        else:
            node[key] = copy.deepcopy(rng.choice(ODD))
    return content


@pytest.mark.parametrize("which", ["truth", "result"])
def test_no_file_ends_in_a_traceback(root, tmp_path, capsys, which):
    tool = load_script(root / "tools/eval_e2e.py")
    make_people(tmp_path / "people", 3, seed=1)
    truth = json.loads((tmp_path / "people/annotations.json").read_text())
    names = [image["file_name"] for image in truth["images"]]
    result = [{"img_path": n, "lmk_coco_body_17pts": list(map(float, range(34)))} for n in names]
    files = {"truth": truth, "result": result}
    rng, refusals = random.Random(which), []
    for _ in range(ROUNDS):
        for name, content in files.items():
            spoiled = spoil(content, rng) if name == which else content
            (tmp_path / f"{name}.json").write_text(json.dumps(spoiled))
        try:
            tool.main([str(tmp_path / "result.json"), str(tmp_path / "truth.json")])
        except SystemExit as err:
            refusals.append(str(err.code))
    assert ROUNDS // 4 < len(refusals) < ROUNDS
    assert all(text.startswith("error: ") for text in refusals)
    if which == "result":  # a truth's faults are a list
        assert not [text for text in refusals if "\n" in text]
