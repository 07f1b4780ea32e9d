"""The page that compares networks: who is lost, and who only differs by a rounding."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from utils.evaluation.comparison import Match, Person
from utils.evaluation.networks_page import JudgedNetwork, to_comparison_page
from utils.joints import COCO_JOINTS


@pytest.mark.parametrize(("similarity", "shown"), [(0.8, 0), (0.7999, 0), (0.9, 0), (0.7, 1)])
def test_only_who_is_visibly_less_alike_is_lost(tmp_path, similarity, shown):
    file = str(tmp_path / "a.png")
    cv2.imwrite(file, np.zeros((40, 40, 3), np.uint8))
    box = np.array([0.0, 0.0, 40.0, 40.0])
    person = Person(file, np.ones((17, 2)), np.ones(17, bool), 900.0, box, 1.0)
    networks = [
        JudgedNetwork(Path(name), "float", {"AP": value}, [Match(person, person, value)])
        for name, value in (("first.onnx", 0.8), ("second.onnx", similarity))
    ]
    text = to_comparison_page(networks, COCO_JOINTS, count=3)
    assert text.count("<figure>") == text.count("Whom second.onnx loses most") == shown
