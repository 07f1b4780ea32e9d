import numpy as np

from utils.contact_sheet import contact_sheet


def test_images_lie_in_their_places():
    crops = [np.full((256, 192, 3), i, np.uint8) for i in range(12)]
    sheet = contact_sheet(crops, columns=10, height=128)
    assert sheet.shape == (256, 960, 3)
    assert sheet[64, 48 + 96 * 7].tolist() == [7, 7, 7]
    assert sheet[128 + 64, 48 + 96].tolist() == [11, 11, 11]
    assert not sheet[128:, 192:].any()


def test_a_row_is_no_wider_than_what_there_is():
    crop = np.ones((8, 6, 3), np.uint8)
    assert contact_sheet([crop], columns=10).shape == (8, 6, 3)
    assert contact_sheet([crop] * 25, columns=10, height=128).shape == (24, 60, 3)


def test_captions_stand_below_their_images():
    tiles = [np.full((40, 90, 3), 100, np.uint8)] * 2
    sheet = contact_sheet(tiles, columns=1, captions=["label", ""])
    assert (sheet[:40] == 100).all()
    assert sheet[40:62].any()
    assert not sheet[102:].any()
