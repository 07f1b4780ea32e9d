"""The README's commands exist as written: scripts, flags, make targets, linked files."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    {
        command.replace("\\\n", " ")
        for block in re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
        for command in re.findall(r"^python (?:.*\\\n)*.*$", block, flags=re.MULTILINE)
    }
)


@cache
def help_of(script: str) -> str:
    done = subprocess.run(
        [sys.executable, script, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_there_are_commands():
    assert len(COMMANDS) >= 7


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command):
    words = re.sub(r"#.*", "", command).split()
    usage = help_of(words[1])
    for flag in re.findall(r"--[a-zA-Z0-9_-]+", " ".join(words[2:])):
        assert re.search(rf"{flag}\b", usage), f"{words[1]} has no {flag}"
    for word in words[2:]:
        if word.startswith(("configs/", "utils/")):
            assert (ROOT / word).is_file()


def test_options_of_train_py():
    section = README.split("## Train\n")[1].split("\n## ")[0]
    flags = set(re.findall(r"`(--[a-z-]+)", section)) | set(re.findall(r", `(--[a-z-]+)", section))
    assert len(flags) >= 12
    for flag in flags:
        assert flag in help_of("train.py")


def test_make_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make ([a-z-]+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_linked_file(path):
    assert (ROOT / path).is_file()


def test_configs_of_the_model_table():
    section = README.split("## Model\n")[1].split("\n## ")[0]
    for name in re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE):
        assert (ROOT / f"configs/top_down/lite_hrnet/coco/{name}.py").is_file()


def test_the_newest_release_of_the_changelog_is_this_version():
    from utils import __version__

    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\d+\.\d+\.\d+)", text, flags=re.MULTILINE)[1] == __version__


PAGES = sorted(path for path in ROOT.rglob("*.md") if ".venv" not in path.parts)
OURS = "prepostprocess|utils|models|mmpose_replacement|tools|tests|configs|benchmarks|docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_are_there(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(rf"`((?:{OURS})/[\w/.-]+\.(?:py|md|yaml))`", text):
        assert (ROOT / name).is_file(), name
    for module in re.findall(r"\bfrom ((?:prepostprocess|utils|models)[\w.]*) import", text):
        path = ROOT.joinpath(*module.split("."))
        assert path.with_suffix(".py").is_file() or path.is_dir(), module
