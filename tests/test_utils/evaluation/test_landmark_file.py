from utils.evaluation.landmark_file import image_name


def test_a_link_to_an_image_elsewhere_keeps_its_own_name(tmp_path):
    for folder in ("store", "images/val"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "store/8f3a.png").touch()
    link = tmp_path / "images/val/1.png"
    link.symlink_to(tmp_path / "store/8f3a.png")
    assert image_name(link, relative_to=tmp_path / "images") == "val/1.png"
    assert image_name(link, "data/", tmp_path) == "data/images/val/1.png"
