"""What is written for training: read again as it was meant."""

import os

import pytest

from utils.label_formats.labelled import LabelledImage, LabelledPerson
from utils.label_formats.prepared import write_data_set
from utils.label_formats.readers import LabelSet
from utils.own_data.data_file import read_own_data

FOLDERS = {
    "beyond U+FFFF": "\U0001f600 ä",
    "control": "a\x7fb\x85",
    "no UTF-8": os.fsdecode(b"a\xff"),
}


@pytest.mark.parametrize("name", FOLDERS.values(), ids=FOLDERS)
def test_an_image_folder_of_any_name_is_found(tmp_path, name):
    try:
        (tmp_path / name).mkdir()
    except OSError:
        pytest.skip("this disk takes no such name")
    image = LabelledImage("a.png", (100, 80), (LabelledPerson({"nose": (4.0, 4.0, 2)}),))
    labels = LabelSet(("nose",), tmp_path / name, (image,), sources=())
    write_data_set(labels, tmp_path / "out", 0)
    images = read_own_data(tmp_path / "out/data.yaml").train[0].images
    assert images.resolve() == tmp_path / name
