"""CVAT: where a person's box is."""

import pytest

from utils.label_formats.cvat import read_cvat

XML = """<annotations><image name="a.png" width="200" height="100">
<skeleton label="person" group_id="3"><points label="nose" points="100,40"/></skeleton>
<box label="body" group_id="3" xtl="60" ytl="30" xbr="140" ybr="70" %s/></image></annotations>"""
TURNED = {
    "": (60, 30, 80, 40),
    'rotation="90.0"': (80, 10, 40, 80),
    'rotation="30"': (55.36, 12.68, 89.28, 74.64),  # 80 cos + 40 sin wide, 80 sin + 40 cos high
}


@pytest.mark.parametrize("turn", TURNED)
def test_a_box_turns_about_its_middle(tmp_path, turn):
    (tmp_path / "a.xml").write_text(XML % turn)
    ((person,),) = [image.people for image in read_cvat(tmp_path / "a.xml")]
    assert person.box_xywh == pytest.approx(TURNED[turn], abs=0.01)
