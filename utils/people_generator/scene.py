"""Compose one image: place people and occluders so that all stay recognisable, draw, label."""

from dataclasses import dataclass

import cv2
import numpy as np

from utils.people_generator.appearance import sample_outfit
from utils.people_generator.canvas import Canvas, fill_convex
from utils.people_generator.figure import NUM_KINDS, Kind, Part, build_figure
from utils.people_generator.pose import sample_pose
from utils.people_generator.skeleton import Camera, Proportions, pose_body
from utils.people_generator.surroundings import (
    OCCLUDERS,
    draw_background,
    draw_occluder,
    occluder_hulls,
)
from utils.people_generator.visibility import keypoints_turned_away, label_visibility

MAX_PEOPLE = 4
_NUM_PEOPLE_SHARES = (0.32, 0.42, 0.18, 0.08)
_NEAR_ANOTHER = 0.42  # how often somebody is placed to overlap those already there
_BEHIND_OBJECT = 0.57  # how often an object is put in front of somebody
_LEAST_SEEN = 0.65  # of a figure's pixels, after everything in front of it
_LEAST_INSIDE = 9  # keypoints within the image
_ATTEMPTS = 12
_OBJECT = 255
OVERLAP_SHARE = 0.02  # of the smaller of two figures: from here on they overlap


@dataclass(frozen=True)
class PersonLabel:
    """The COCO label of one person.

    Attributes:
        keypoints: float (17, 3), x, y in image pixels and COCO's flag: 2 seen, 1 hidden, 0
            outside (then x = y = 0).
        box_xywh: float (4,), tight around the whole figure, clipped to the image, pixels.
        area: the figure's pixels that are seen, as COCO counts a segment.
    """

    keypoints: np.ndarray
    box_xywh: np.ndarray
    area: int


@dataclass(frozen=True)
class Scene:
    """An image, uint8 (H, W, 3) RGB, its people and whether two of their figures overlap."""

    image: np.ndarray
    people: list[PersonLabel]
    overlap: bool


@dataclass(frozen=True)
class _Placed:
    """A person in place but not yet drawn; `mask` uint8 (H, W) is 1 on the whole figure."""

    parts: list[Part]
    keypoints_xy: np.ndarray
    turned_away: np.ndarray
    mask: np.ndarray
    box_xywh: np.ndarray


def _sample_proportions(rng: np.random.Generator) -> Proportions:
    """Draw bone lengths; a child's head is larger."""
    base = Proportions()
    stretch = np.clip(rng.normal(1, 0.04, 6), 0.92, 1.08)
    head, (x, y, z) = rng.uniform(1.2, 1.45), base.head_xyz
    return Proportions(
        spine=base.spine * stretch[0],
        shoulder=base.shoulder * stretch[1],
        upper_arm=base.upper_arm * stretch[2],
        forearm=base.forearm * stretch[3],
        thigh=base.thigh * stretch[4],
        shin=base.shin * stretch[5],
        head_xyz=(head * x, head * y, head * z),
    )


def _figure_mask(parts: list[Part], size_wh: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(size_wh[::-1], np.uint8)
    for part in parts:
        if part.kind != Kind.FURNITURE:
            fill_convex(mask, part.patch.hull, 1)
    return mask


def _sample_person(
    rng: np.random.Generator, size_wh: tuple[int, int], others: list[_Placed]
) -> _Placed:
    """Draw one person somewhere in the image."""
    pose, outfit = sample_pose(rng), sample_outfit(rng)
    body = pose_body(pose, _sample_proportions(rng))
    scale = rng.uniform(0.6, 0.88) * min(size_wh) * (0.85 if pose.kind == "lie" else 1.0)
    distance = rng.uniform(2.5, 6)
    # The pelvis sits at the origin: centre the extent of the joints instead.
    extent = Camera(np.zeros(2), scale, distance).project(body.keypoints)
    middle = (extent.min(axis=0) + extent.max(axis=0)) / 2
    if others and rng.random() < _NEAR_ANOTHER:
        x, y, w, h = others[rng.integers(len(others))].box_xywh
        target = (
            (x + w / 2, y + h / 2)
            + rng.choice((-1, 1)) * np.array([1, 0]) * rng.uniform(0.6, 1.0) * max(w, 0.35 * h)
            + rng.normal(0, 0.05, 2) * h
        )
    else:
        target = rng.uniform((0.12, 0.42), (0.88, 0.58)) * size_wh
    camera = Camera(target - middle, scale, distance)
    parts = build_figure(body, camera, outfit, chair=pose.kind == "sit")
    mask = _figure_mask(parts, size_wh)
    return _Placed(
        parts,
        camera.project(body.keypoints),
        keypoints_turned_away(body, outfit),
        mask,
        np.array(cv2.boundingRect(mask), float),
    )


def _enough_inside(person: _Placed, size_wh: tuple[int, int]) -> bool:
    inside = (person.keypoints_xy >= 0) & (person.keypoints_xy <= np.subtract(size_wh, 1))
    return bool(np.count_nonzero(inside.all(axis=1)) >= _LEAST_INSIDE)


def _all_seen(people: list[_Placed], cover: np.ndarray) -> bool:
    """Tell whether everybody, farthest first, is seen well enough; `cover` (H, W) hides all."""
    cover = cover.copy()
    for person in reversed(people):
        seen = np.count_nonzero(person.mask & ~cover)
        if seen < _LEAST_SEEN * np.count_nonzero(person.mask):
            return False
        cover |= person.mask
    return True


def _place_people(rng: np.random.Generator, size_wh: tuple[int, int]) -> list[_Placed]:
    """Place one to four people, the farthest first."""
    wanted = 1 + rng.choice(MAX_PEOPLE, p=_NUM_PEOPLE_SHARES)
    nothing = np.zeros(size_wh[::-1], np.uint8)
    people: list[_Placed] = []
    attempts = 0
    while not people or (len(people) < wanted and attempts < _ATTEMPTS):
        person = _sample_person(rng, size_wh, people)
        attempts += 1
        if _enough_inside(person, size_wh) and _all_seen([*people, person], nothing):
            people.append(person)
    return people


def _place_occluders(
    rng: np.random.Generator, people: list[_Placed], size_wh: tuple[int, int]
) -> list[list[np.ndarray]]:
    """Place objects in front of people, as far as these stay recognisable."""
    placed: list[list[np.ndarray]] = []
    cover = np.zeros(size_wh[::-1], np.uint8)
    for person in people:
        if rng.random() > _BEHIND_OBJECT:
            continue
        hulls = occluder_hulls(rng, str(rng.choice(OCCLUDERS)), person.box_xywh, size_wh)
        more = cover.copy()
        for hull in hulls:
            fill_convex(more, hull, 1)
        if _all_seen(people, more):
            placed.append(hulls)
            cover = more
    return placed


def _overlapping(people: list[_Placed]) -> bool:
    for i, one in enumerate(people):
        for other in people[i + 1 :]:
            smaller = min(np.count_nonzero(one.mask), np.count_nonzero(other.mask))
            if np.count_nonzero(one.mask & other.mask) >= OVERLAP_SHARE * smaller:
                return True
    return False


def _expose(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Take the photograph: exposure, a colour cast, some blur and sensor noise."""
    if rng.random() < 0.4:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.7))
    noise: np.ndarray = np.empty(image.shape[:2], np.int16)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(noise, np.zeros(1), np.array([rng.uniform(1, 6)]))
    gain = rng.uniform(0.75, 1.15) * rng.uniform(0.92, 1.08, 3)
    curve = np.clip(np.arange(256)[:, None] * gain, 0, 255).astype(np.uint8)
    image = cv2.LUT(image, curve[None])
    return cv2.add(
        image,
        cv2.cvtColor(noise.view(np.uint16), cv2.COLOR_GRAY2RGB).view(np.int16),
        dtype=cv2.CV_8U,
    )


def _label(person: _Placed, number: int, canvas: Canvas) -> PersonLabel:
    first = number * NUM_KINDS
    flags = label_visibility(person.keypoints_xy, person.turned_away, canvas.owner, first)
    keypoints = np.column_stack([person.keypoints_xy, flags])
    keypoints[flags == 0] = 0
    seen = np.count_nonzero((canvas.owner > first) & (canvas.owner < first + NUM_KINDS))
    return PersonLabel(keypoints, person.box_xywh, int(seen))


def compose_scene(rng: np.random.Generator, size_wh: tuple[int, int]) -> Scene:
    """Draw an image of one to four people and label them.

    Args:
        rng: source of all chance; the same state gives the same image.
        size_wh: image size, pixels.

    Returns: the image and its labels; every person has at least 9 keypoints in the image and
        two thirds of the figure not covered by others or by objects.
    """
    people = _place_people(rng, size_wh)
    occluders = _place_occluders(rng, people, size_wh)
    canvas = draw_background(rng, size_wh)
    for number, person in enumerate(people):
        for part in person.parts:
            furniture = part.kind == Kind.FURNITURE
            canvas.paint(part.patch, _OBJECT if furniture else number * NUM_KINDS + part.kind)
    for hulls in occluders:
        draw_occluder(canvas, rng, hulls, _OBJECT)
    labels = [_label(person, number, canvas) for number, person in enumerate(people)]
    return Scene(_expose(rng, canvas.image), labels, _overlapping(people))
