"""Pages that stand alone: what is text stays text, and pictures are inside."""

import base64
import re

import cv2
import numpy as np
import pytest

from utils.pages.charts import histogram, stacked_bar
from utils.pages.page import cards, document, folded, paragraph, picture, table

EVIL = '<script>alert("x")</script> & co'


@pytest.mark.parametrize(
    "made",
    [
        document(EVIL, [EVIL]),
        paragraph(EVIL),
        table([EVIL], [[EVIL]]),
        cards([(EVIL, EVIL)]),
        folded(EVIL, EVIL),
        picture(np.zeros((2, 2, 3), np.uint8), EVIL),
        stacked_bar({EVIL: 0.5}, {EVIL: "red"}),
    ],
    ids=["document", "paragraph", "table", "cards", "folded", "picture", "bar"],
)
def test_text_is_shown_and_not_run(made):
    assert "<script>" not in made
    assert "&lt;script&gt;" in made


def test_pieces_go_into_a_page_as_they_are():
    page = document("a title", [table(["name"], [["value"]])])
    assert "<h1>a title</h1>" in page
    assert "<table>" in page
    assert "&lt;" not in page


def test_numbers_stand_to_the_right_with_three_digits():
    made = table(["a", "b", "c", "d"], [[1234567, 0.12345, np.float32(2), float("nan")]])
    assert re.findall(r'<td class="n">(.*?)</td>', made) == ["1,234,567", "0.123", "2.000", "–"]
    assert '<td class="n">' not in table(["a"], [[True]])


def test_pixels_are_inside_the_page():
    smooth = cv2.resize(np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8), (50, 40))
    data = re.search(r"data:image/jpeg;base64,([^\"]+)", picture(smooth))[1]
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(shown[..., ::-1].astype(int) - smooth).mean() < 6


def test_bars_are_as_long_as_their_shares():
    made = stacked_bar(
        {"good": 0.25, "none": 0, "miss": 0.75}, dict.fromkeys(("good", "miss"), "x")
    )
    assert re.findall(r"width:([\d.]+)%", made) == ["25.00", "75.00"]


def test_a_histogram_has_a_column_for_each_step_that_has_values():
    made = histogram([3, 0, 1], -1.0, 0.5)
    assert re.findall(r"<title>(\d+)</title>", made) == ["3", "1"]
    assert ">-1<" in made
    assert ">0.5<" in made
