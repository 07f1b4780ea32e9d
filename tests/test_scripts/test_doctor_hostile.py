"""tools/doctor.py on files with exchanged, missing and odd values: an answer, never a traceback."""

import json
import random

import pytest
from hostile import spoil

from utils.people_generator import make_people

TOOL = "tools/doctor.py"
ROUNDS = 60


@pytest.mark.parametrize("which", ["labels", "found"])
@pytest.mark.parametrize("flag", ["--html", "--fix"])
def test_no_file_ends_in_a_traceback(outcome, tmp_path, which, flag):
    make_people(tmp_path / "people", 3, seed=1)
    labels = json.loads((tmp_path / "people/annotations.json").read_text())
    found = [
        dict(image_id=p["image_id"], category_id=1, keypoints=p["keypoints"], score=p["id"] / 9)
        for p in labels["annotations"]
    ]
    files, rng, codes = {"labels": labels, "found": found}, random.Random(which + flag), []
    paths = {name: tmp_path / f"{name}.json" for name in files}
    for _ in range(ROUNDS):
        for name, content in files.items():
            spoiled = spoil(content, rng) if name == which else content
            paths[name].write_text(json.dumps(spoiled))
        flags = ("--images", tmp_path / "people/images", "--predictions", paths["found"])
        code, errors = outcome(TOOL, paths["labels"], *flags, flag, tmp_path / "written")
        assert code in (0, 1)
        assert "Traceback" not in errors
        codes.append(code)
    assert 0 < sum(codes)
    assert flag == "--fix" or (tmp_path / "written").is_file()
