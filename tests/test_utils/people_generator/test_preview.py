import json

import cv2
import numpy as np
import pytest

from utils.people_generator.generate import make_people
from utils.people_generator.preview import write_comparison, write_preview


@pytest.fixture(scope="module")
def people_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people") / "train"
    make_people(folder, 3, 11)
    return folder


def test_preview_shows_the_images_with_labels(people_dir, tmp_path):
    sheet_file = tmp_path / "sheet.png"
    write_preview(people_dir, sheet_file, num_images=3, columns=2)
    sheet = cv2.imread(str(sheet_file))
    assert sheet.shape == (2 * 288, 2 * 384, 3)
    assert not sheet[288:, 384:].any()  # the empty fourth cell
    picture = cv2.imread(str(people_dir / "images" / "000000.jpg"))
    changed = (sheet[:288, :384] != picture).any(axis=2)
    assert 0.005 < changed.mean() < 0.2


def test_comparison_shows_label_and_prediction_side_by_side(people_dir, tmp_path):
    content = json.loads((people_dir / "annotations.json").read_text())
    person = max(
        (each for each in content["annotations"] if each["image_id"] == 1),
        key=lambda each: each["area"],
    )
    keypoints = np.array(person["keypoints"], float).reshape(-1, 3)
    keypoints[:, 2] = keypoints[:, 2] > 0
    sheet_file = tmp_path / "sheet.png"
    predictions = {1: [{"keypoints": keypoints.tolist()}]}
    write_comparison(people_dir, predictions, sheet_file, num_people=2, people_in_a_row=1)
    sheet = cv2.imread(str(sheet_file))
    assert sheet.shape == (2 * (256 + 22), 2 * 256, 3)
    label, prediction = sheet[:256, :256], sheet[:256, 256:]
    np.testing.assert_array_equal(label, prediction)  # predicted as labelled
    assert (sheet[278:534, :256] != sheet[278:534, 256:]).any()  # the second has no prediction
