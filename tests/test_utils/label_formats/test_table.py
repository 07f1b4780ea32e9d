"""CSV: a quote that is not closed takes no people with it."""

import re

import pytest

from utils.label_formats.table import read_table

HEAD = "image,width,height,nose_x,nose_y,remark\n"
ROW = "a.png,100,80,40,20,%s\n"


@pytest.mark.parametrize("rows", [3, 9000], ids=["few", "more than a cell may hold"])
def test_an_open_quote_is_one_line(tmp_path, rows):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + ROW % '"blurred' + ROW % "" * rows)
    expected = (
        rf"^{re.escape(str(path))}:\d+: table must be CSV, got: .* a quote that is not closed"
    )
    with pytest.raises(ValueError, match=expected) as caught:
        read_table(path)
    assert "\n" not in str(caught.value)


def test_a_cell_in_quotes_may_have_several_lines(tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + ROW % '"blurred,\nand ""dark"""' + ROW % "")
    ((first, second),) = [image.people for image in read_table(tmp_path / "a.csv")]
    assert first.keypoints == second.keypoints == {"nose": (40, 20, 2)}
