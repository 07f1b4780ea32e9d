"""docs/preprocessing.md names the classes that shipped configs build samples and heatmaps with."""

import re


def test_every_class_of_a_sample_is_described(root):
    text = (root / "docs/preprocessing.md").read_text(encoding="utf-8")
    used = {
        name
        for path in (root / "configs").rglob("*.py")
        for name in re.findall(r'type="(Kneron\w+)"', path.read_text(encoding="utf-8"))
    }
    elsewhere = re.compile(r".*(Dataset|Metric|Net|HRNet|Sampler)$")  # docs/data.md, docs/train.md
    missing = {name for name in used if f"`{name}" not in text and not elsewhere.match(name)}
    assert not missing
    described = set(re.findall(r"^\| `(Kneron\w+)", text, re.MULTILINE))
    assert {"KneronLoadImage", "KneronTopdownAffine"} <= described <= used
