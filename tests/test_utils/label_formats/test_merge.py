"""Sets of different joints as one: what is taken from where, and nothing in silence."""

import cv2
import numpy as np
import pytest
from mat_files import mpii_person, write_lsp, write_mpii

from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.label_formats.merge import read_merged

MPII = "{format: mpii, labels: m/a.mat, images: m/images%s}"
LSPET = "{format: lspet, labels: l/joints.mat, images: l/images%s}"


@pytest.fixture
def merged(tmp_path):
    """A function: merge a set of MPII and one of LSPET, an image each, by this YAML."""
    for folder, name in (("m/images", "1.jpg"), ("l/images", "im00001.jpg")):
        (tmp_path / folder).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / folder / name), np.zeros((80, 100, 3), np.uint8))
    points = [(11, 21, 0, "1"), (31, 41, 9, "1"), (21, 31, 8, "1")]
    write_mpii(tmp_path / "m/a.mat", [("1.jpg", 1, [mpii_person(points)])])
    joints = np.array([[k, 2 * k, 1] for k in range(14)], float)[..., None]
    write_lsp(tmp_path / "l/joints.mat", joints)

    def merge(text, *sets):
        path = tmp_path / "sets.yaml"
        path.write_text(text + "\nsets:\n" + "".join(f"  - {each}\n" for each in sets))
        return read_merged(path)

    return merge


def test_cocos_joints_of_both(merged, tmp_path):
    found = merged("", MPII % "", LSPET % "")
    assert found.names == KEYPOINT_NAMES
    assert found.folder == tmp_path
    assert [image.name for image in found.images] == ["m/images/1.jpg", "l/images/im00001.jpg"]
    (mpii,), (lspet,) = (image.people for image in found.images)
    assert mpii.keypoints == {"right_ankle": (10, 20, 2)}
    assert lspet.keypoints["left_ankle"] == (5, 10, 2)
    assert set(lspet.keypoints) == set(KEYPOINT_NAMES[5:])
    face = "never labelled: nose, left_eye, right_eye, left_ear, right_ear"
    assert found.remarks[1].endswith(f"12 of 17 keypoints; {face}; left out: neck, head_top")


def test_joints_of_other_names_are_mapped(merged):
    text = "keypoints: [top, neck, right_ankle]"
    found = merged(
        text,
        MPII % ", joints: {top: head_top, neck: upper_neck}",
        LSPET % ", joints: {top: head_top}",
    )
    (mpii,), (lspet,) = (image.people for image in found.images)
    assert mpii.keypoints == {"top": (30, 40, 2), "neck": (20, 30, 2), "right_ankle": (10, 20, 2)}
    assert lspet.keypoints == {"top": (13, 26, 2), "neck": (12, 24, 2), "right_ankle": (0, 0, 2)}


def test_images_without_a_common_folder_are_refused(merged, tmp_path):
    elsewhere = "{format: lspet, labels: l/joints.mat, images: /dev}"
    with pytest.raises(ValueError, match="must lie in one folder, .*m/images, /dev. Link them"):
        merged("", MPII.replace("m/images", f"{tmp_path}/m/images") % "", elsewhere)


WRONG = {
    "of the result": ("", [MPII % ", joints: {noes: head_top}"], "joints: unknown key 'noes'"),
    "of the set": ("", [MPII % ", joints: {nose: haed_top}"], "Did you mean 'head_top'"),
    "none": ("keypoints: [tail]", [MPII % ""], r"got none of right_ankle.* joints: \{tail: right_"),
    "no set": ("", [], "sets must be a list of labels"),
    "key": ("", ["{format: mpii, label: x}"], "unknown key 'label'. Did you mean 'labels'"),
    "no images": ("", ["{format: mpii, labels: m/a.mat}"], "images must be given, as text"),
    "format": ("", ["{format: voc, labels: m/a.mat, images: m}"], "format must be one of coco, mp"),
    "folder": ("", ["{format: mpii, labels: m/a.mat, images: n}"], "n does not exist. Paths count"),
    "twice": ("", [MPII % "", MPII % ""], "must be in one set, and once, got 1 more than once: 1"),
    "names": ("keypoints: [a, a]", [MPII % ""], "keypoints must be a list of different names"),
    "category": ("", [MPII % ", category: person"], "only COCO labels have a category"),
}


@pytest.mark.parametrize(("text", "sets", "message"), WRONG.values(), ids=WRONG)
def test_faults_are_told(merged, text, sets, message):
    with pytest.raises(ValueError, match=message) as caught:
        merged(text, *sets)
    assert "\n" not in str(caught.value)
