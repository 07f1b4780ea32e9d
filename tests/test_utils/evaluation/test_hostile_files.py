"""tools/eval_e2e.py on files with exchanged, missing and odd values: an answer or one line."""

import json
import random

import pytest
from hostile import spoil
from scripts import load_script

from utils.people_generator.generate import make_people

ROUNDS = 300


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
