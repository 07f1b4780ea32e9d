"""Drawn people: valid COCO labels, hard enough, left and right as in life, the same every time."""

import contextlib
import io
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.people_generator import make_people, scene
from utils.people_generator.appearance import sample_outfit
from utils.people_generator.canvas import Canvas, Patch
from utils.people_generator.figure import NUM_KINDS, Kind, build_figure
from utils.people_generator.head import draw_head, face_points_seen
from utils.people_generator.pose import KINDS, sample_pose
from utils.people_generator.skeleton import Camera, Pose, Proportions, pose_body
from utils.people_generator.surroundings import OCCLUDERS, draw_background, occluder_hulls
from utils.people_generator.visibility import label_visibility

INDEX = {name: number for number, name in enumerate(KEYPOINT_NAMES)}
UPRIGHT = Pose("stand", 0, 0, 0, np.zeros(3), np.zeros(3), np.zeros((2, 4)), np.zeros((2, 4)))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A set to learn from and one of another seed, with the summary of the first."""
    folder = tmp_path_factory.mktemp("people")
    stats = make_people(folder / "train", 120, seed=11)
    make_people(folder / "held_out", 50, seed=12)
    return folder, stats


@pytest.fixture(scope="module")
def content(made):
    return json.loads((made[0] / "train" / "annotations.json").read_text())


def keypoints_of(content):
    return np.array([person["keypoints"] for person in content["annotations"]]).reshape(-1, 17, 3)


def boxes_of(content):
    return np.array([person["bbox"] for person in content["annotations"]])


def read_all(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def average_precision(annotation_file, keypoints):
    """COCO AP of one guess (N, 17, 2) for every labelled person, in order."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(annotation_file)
        guesses = [
            {
                "image_id": person["image_id"],
                "category_id": 1,
                "keypoints": np.column_stack([points, np.ones(17)]).ravel().tolist(),
                "score": 1.0,
            }
            for person, points in zip(truth.dataset["annotations"], keypoints, strict=True)
        ]
        evaluation = COCOeval(truth, truth.loadRes(guesses), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats[0]


# --- the set as a whole: what makes it worth learning


def test_joints_are_occluded_and_people_overlap(made, content):
    stats = made[1]
    flags = keypoints_of(content)[..., 2]
    assert stats.occluded_share == pytest.approx((flags == 1).sum() / (flags > 0).sum())
    assert stats.occluded_share >= 0.2
    assert stats.overlap_share >= 0.3
    assert (stats.num_images, stats.num_people) == (120, len(flags))
    assert str(stats).startswith(f"{len(flags)} people in 120 images, ")


def test_mean_pose_scores_next_to_nothing_and_the_labels_themselves_score_one(made, content):
    keypoints, boxes = keypoints_of(content), boxes_of(content)
    inside = keypoints[..., 2:] > 0
    in_box = (keypoints[..., :2] - boxes[:, None, :2]) / boxes[:, None, 2:]
    mean_pose = (in_box * inside).sum(axis=0) / inside.sum(axis=0)

    file = made[0] / "held_out" / "annotations.json"
    held_out = json.loads(file.read_text())
    boxes = boxes_of(held_out)[:, None]
    assert average_precision(file, boxes[..., :2] + mean_pose * boxes[..., 2:]) <= 0.15
    assert average_precision(file, keypoints_of(held_out)[..., :2]) == 1.0


def test_people_come_in_all_numbers_sizes_and_directions(content):
    per_image = np.bincount([person["image_id"] for person in content["annotations"]])[1:]
    assert set(per_image) == {1, 2, 3, 4}
    boxes, keypoints = boxes_of(content), keypoints_of(content)
    assert np.ptp(np.sqrt(boxes[:, 2] * boxes[:, 3])) > 100
    assert (boxes[:, 2] > boxes[:, 3]).mean() > 0.01  # lying, or arms spread
    from_left_to_right = np.sign(keypoints[:, 5, 0] - keypoints[:, 6, 0])
    assert 0.1 < (from_left_to_right < 0).mean() < 0.5  # seen from behind
    assert {sample_pose(np.random.default_rng(i)).kind for i in range(200)} == set(KINDS)


# --- labels


def test_file_is_a_coco_person_keypoint_file(made, content):
    assert [image["id"] for image in content["images"]] == list(range(1, 121))
    assert {person["image_id"] for person in content["annotations"]} == set(range(1, 121))
    assert [person["id"] for person in content["annotations"]] == list(
        range(1, len(content["annotations"]) + 1)
    )
    assert all(person["iscrowd"] == 0 for person in content["annotations"])
    (category,) = content["categories"]
    assert (category["id"], category["keypoints"]) == (1, list(KEYPOINT_NAMES))
    assert {k for bone in category["skeleton"] for k in bone} == set(range(1, 18))
    for image in content["images"][:5]:
        pixels = cv2.imread(str(made[0] / "train" / "images" / image["file_name"]))
        assert pixels.shape == (image["height"], image["width"], 3) == (288, 384, 3)


def test_labelled_keypoints_lie_in_the_image_and_in_the_box(content):
    keypoints, boxes = keypoints_of(content), boxes_of(content)[:, None]
    flags = keypoints[..., 2]
    assert set(np.unique(flags)) == {0, 1, 2}
    x, y = keypoints[..., 0], keypoints[..., 1]
    assert (keypoints[flags == 0] == 0).all()
    assert ((x >= 0) & (x <= 383) & (y >= 0) & (y <= 287)).all()
    slack = 3  # pixels: a nose sticks out of the drawn head a little
    in_box = (keypoints[..., :2] >= boxes[..., :2] - slack) & (
        keypoints[..., :2] <= boxes[..., :2] + boxes[..., 2:] + slack
    )
    assert in_box.all(axis=2)[flags > 0].all()
    counts = [person["num_keypoints"] for person in content["annotations"]]
    np.testing.assert_array_equal(counts, (flags > 0).sum(axis=1))
    assert min(counts) >= 9


def test_boxes_are_valid_and_the_area_is_that_of_the_figure_not_of_the_box(content):
    boxes = boxes_of(content)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] >= 10).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= (384, 288)).all()
    area = np.array([person["area"] for person in content["annotations"]])
    filled = area / (boxes[:, 2] * boxes[:, 3])
    assert (area > 0).all()
    assert filled.max() < 0.85
    assert 0.2 < np.median(filled) < 0.5


def test_areas_add_up_to_the_pixels_on_which_people_are_seen(monkeypatch):
    monkeypatch.setattr(scene, "sample_pose", lambda rng: UPRIGHT)  # nobody brings a chair
    monkeypatch.setattr(scene, "_BEHIND_OBJECT", 0)
    monkeypatch.setattr(scene, "_expose", lambda rng, image: image)
    black = np.zeros((288, 384, 3), np.uint8)
    monkeypatch.setattr(scene, "draw_background", lambda rng, size_wh: Canvas(black.copy()))
    for index in range(6):
        drawn = scene.compose_scene(np.random.default_rng([5, index]), (384, 288))
        covered = np.count_nonzero(drawn.image.any(axis=2))  # with the soft edges
        assert 0.88 < sum(person.area for person in drawn.people) / covered < 1


# --- the body: what left, right, front and behind mean


@pytest.mark.parametrize(
    ("yaw", "left_is_on_the"),
    [(0, "right"), (180, "left"), (-150, "left"), (30, "right")],
)
def test_left_is_the_persons_left(yaw, left_is_on_the):
    points = pose_body(replace(UPRIGHT, yaw=yaw), Proportions()).keypoints
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "ear"):
        distance = points[INDEX[f"left_{name}"], 0] - points[INDEX[f"right_{name}"], 0]
        assert np.sign(distance) == (1 if left_is_on_the == "right" else -1), name


@pytest.mark.parametrize(
    ("yaw", "seen"),
    [  # nose, left eye, right eye, left ear, right ear
        (0, "nose left_eye right_eye left_ear right_ear"),
        (90, "nose right_eye right_ear"),  # facing the picture's right shows the right side
        (-90, "nose left_eye left_ear"),
        (45, "nose left_eye right_eye right_ear"),
        (180, "left_ear right_ear"),
    ],
)
def test_face_points_seen(yaw, seen):
    shown = face_points_seen(pose_body(replace(UPRIGHT, yaw=yaw), Proportions()).head)
    names = [name for name, flag in zip(KEYPOINT_NAMES[:5], shown, strict=True) if flag]
    assert names == [name for name in KEYPOINT_NAMES[:5] if name in seen.split()]


def test_elbows_fold_forward_and_knees_backward():
    bent = np.array([[0, 0, 0, 90.0]] * 2)
    body = pose_body(replace(UPRIGHT, arms=bent, legs=bent), Proportions())
    depth = body.keypoints[:, 2]
    np.testing.assert_allclose(depth[[9, 10]] - depth[[7, 8]], 0.15)  # the forearm's length
    np.testing.assert_allclose(depth[[15, 16]] - depth[[13, 14]], -0.24)  # the shin's


def test_a_limb_that_points_at_the_camera_is_short_in_the_picture():
    arms = np.array([[0.0, 90, 0, 0], [90, 0, 0, 0]])  # left sideways, right at the camera
    body = pose_body(replace(UPRIGHT, arms=arms), Proportions())
    points = Camera(np.array([50.0, 50]), 100, 1e6).project(body.keypoints)
    assert np.hypot(*(points[7] - points[5])) == pytest.approx(17, abs=0.01)
    assert np.hypot(*(points[8] - points[6])) == pytest.approx(0, abs=0.01)


def test_nearer_is_larger():
    camera = Camera(np.array([10.0, 20]), 100, 4)
    projected = camera.project(np.array([[0.5, 0.5, 0], [0.5, 0.5, 2], [0, 0, 3.0]]))
    np.testing.assert_allclose(projected, [[60, -30], [110, -80], [10, 20]])


# --- what is drawn


def test_a_head_shows_eyes_in_front_and_hair_behind():
    skin, hair, half_axes = (
        np.full(3, 200.0),
        np.array([90.0, 40, 0]),
        np.array(Proportions().head_xyz),
    )
    front, _ = draw_head(np.eye(3), half_axes, skin, hair, "short")
    behind, alpha = draw_head(np.diag([-1.0, 1, -1]), half_axes, skin, hair, "short")
    row, columns = 17, (17, 16, 23)  # 0.16 up and 0.4 sideways of 40 pixels that span 2.6
    assert front[row - 1 : row + 2, 13:17].min() < 60
    assert front[row - 1 : row + 2, 23:27].min() < 60
    assert front[25, 14].tolist() == pytest.approx([200] * 3, abs=70)
    for column in columns:
        assert behind[row, column, 0] > behind[row, column, 2] + 40
    assert alpha[20, 20] == 255
    assert alpha[0, 0] == 0


def test_every_visible_joint_of_an_unhidden_figure_is_on_its_own_limb():
    arms = np.array([[0.0, 40, 0, 0]] * 2)
    body = pose_body(replace(UPRIGHT, arms=arms), Proportions())
    camera = Camera(np.array([80.0, 100]), 150, 5)
    outfit = replace(sample_outfit(np.random.default_rng(0)), hair_style="short", legwear="long")
    canvas = Canvas(np.zeros((200, 160, 3), np.uint8))
    for part in build_figure(body, camera, outfit, chair=False):
        canvas.paint(part.patch, NUM_KINDS + part.kind)
    points = camera.project(body.keypoints)
    flags = label_visibility(points, np.zeros(17, bool), canvas.owner, NUM_KINDS)
    np.testing.assert_array_equal(flags, 2)
    # Another person's number, or a thing in front of everything: hidden.
    assert (label_visibility(points, np.zeros(17, bool), canvas.owner, 0) == 1).all()
    canvas.owner[:] = 255
    assert (label_visibility(points, np.zeros(17, bool), canvas.owner, NUM_KINDS) == 1).all()


def test_a_keypoint_is_2_seen_1_turned_away_0_outside():
    owner = np.full((10, 12), Kind.HEAD, np.uint8)
    points = np.full((17, 2), 5.0)
    points[1] = (11.4, 5)
    points[2] = (5, -0.1)
    turned_away = np.zeros(17, bool)
    turned_away[0] = True
    flags = label_visibility(points, turned_away, owner, 0)
    assert flags[:5].tolist() == [1, 0, 0, 2, 2]
    assert (flags[5:] == 1).all()  # a shoulder is not seen on a head


def test_paint_clips_and_enters_the_owner():
    canvas = Canvas(np.zeros((20, 30, 3), np.uint8))
    tile = np.full((32, 32, 3), 200, np.uint8)
    square = np.array([[-5, -5], [10, -5], [10, 8], [-5, 8]], np.float32)
    canvas.paint(Patch(square, tile, np.eye(2, 3)), owner=7)
    assert (canvas.owner[:8, :10] == 7).all()
    assert (canvas.image[:7, :9] == 200).all()
    assert not canvas.owner[10:].any()
    assert not canvas.image[10:].any()
    before = canvas.image.copy()
    canvas.paint(Patch(square + 100, tile, np.eye(2, 3)), owner=8)
    np.testing.assert_array_equal(canvas.image, before)


@pytest.mark.parametrize("kind", OCCLUDERS)
def test_occluders_have_convex_pieces(kind):
    rng = np.random.default_rng(3)
    for hull in occluder_hulls(rng, kind, np.array([50.0, 40, 60, 150]), (384, 288)):
        assert cv2.isContourConvex(cv2.convexHull(hull.astype(np.float32)))
        assert cv2.contourArea(hull.astype(np.float32)) > 0


def test_background_is_cluttered_and_nobodys():
    canvas = draw_background(np.random.default_rng(1), (200, 150))
    assert canvas.image.shape == (150, 200, 3)
    assert canvas.image.std() > 10
    assert not canvas.owner.any()


# --- reproducible, whole or not at all


def test_same_seed_same_bytes_for_any_number_of_pictures_and_workers(tmp_path):
    make_people(tmp_path / "one", 12, seed=3, width=160, height=120)
    make_people(tmp_path / "two", 12, seed=3, width=160, height=120, workers=2)
    make_people(tmp_path / "few", 4, seed=3, width=160, height=120)
    make_people(tmp_path / "other", 4, seed=4, width=160, height=120)
    one, two, few, other = (read_all(tmp_path / name) for name in ("one", "two", "few", "other"))
    assert len(one) == 13
    assert one == two
    pictures = [name for name in few if name.endswith(".jpg")]
    assert all(one[name] == few[name] for name in pictures)
    assert all(few[name] != other[name] for name in pictures)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_images": 0}, "num_images must be 1 or more, got 0"),
        ({"seed": -1}, "seed must be 0 or more, got -1"),
        ({"workers": 0}, "workers must be 1 or more, got 0"),
        ({"width": 95}, "width must be 96 to 2048 pixels, got 95. Try 384 x 288"),
        ({"height": 2049}, "height must be 96 to 2048 pixels, got 2049"),
    ],
)
def test_bad_numbers_are_refused(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        make_people(tmp_path / "out", **{"num_images": 1, "seed": 0, **arguments})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_made_elsewhere_is_never_replaced(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError, match="did not make. Choose another one"):
        make_people(tmp_path, 1, seed=0, overwrite=True)
    (tmp_path / "annotations.json").write_text('{"info": {"contributor": "COCO"}}')
    with pytest.raises(FileExistsError, match="did not make. Choose another one"):
        make_people(tmp_path, 1, seed=0, overwrite=True)
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_a_set_made_before_is_replaced_only_on_request(tmp_path):
    out = tmp_path / "out"
    out.mkdir()  # empty: free to use
    make_people(out, 2, seed=0, width=120, height=96)
    with pytest.raises(FileExistsError, match=r"Pass --overwrite \(overwrite=True\)"):
        make_people(out, 1, seed=0)
    make_people(out, 1, seed=0, width=120, height=96, overwrite=True)
    assert len(list((out / "images").iterdir())) == 1
    assert list(tmp_path.iterdir()) == [out]


def test_an_interrupted_run_leaves_nothing_and_keeps_what_was_there(tmp_path):
    out = tmp_path / "out"
    make_people(out, 1, seed=0, width=120, height=96)
    before = read_all(out)

    def stop_at_second(records):
        for number, record in enumerate(records):
            if number == 1:
                raise KeyboardInterrupt
            yield record

    with pytest.raises(KeyboardInterrupt):
        make_people(out, 3, 1, width=120, height=96, overwrite=True, progress=stop_at_second)
    assert read_all(out) == before
    assert list(tmp_path.iterdir()) == [out]
