"""One clothed person as a list of textured parts, the farthest first."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from utils.people_generator.appearance import TILE, Outfit
from utils.people_generator.canvas import Patch, convex_hull
from utils.people_generator.head import HEAD_PIXELS, draw_head
from utils.people_generator.skeleton import BODY_SIDES, Body, Camera

_CIRCLE = np.stack([f(np.linspace(0, 2 * np.pi, 12, endpoint=False)) for f in (np.cos, np.sin)], 1)
_TILES_PER_HEIGHT = 5.0  # a texture repeats this often over a body height


class Kind(IntEnum):
    """What a part belongs to; the right one of a pair follows the left one."""

    FURNITURE = 0
    HEAD = 1
    HAIR = 2
    NECK = 3
    CHEST = 4
    PELVIS = 5
    SKIRT = 6
    UPPER_ARM = 8
    FOREARM = 10
    HAND = 12
    THIGH = 14
    SHIN = 16
    FOOT = 18
    EAR = 20


NUM_KINDS = 22


@dataclass(frozen=True)
class Part:
    """A patch of a person (or of the chair), and how near to the viewer it is."""

    kind: int
    depth: float
    patch: Patch


class _Builder:
    """Collects the parts of one body seen by one camera."""

    def __init__(self, body: Body, camera: Camera, outfit: Outfit) -> None:
        self.body, self.camera, self.outfit = body, camera, outfit
        self.parts: list[Part] = []

    def _add(
        self, kind: int, depth: float, hull: np.ndarray, tile: np.ndarray, axis: tuple
    ) -> None:
        """Add a polygon textured along `axis`: start xy, end xy and half width, in pixels."""
        start, end, half_width = axis
        along = end - start
        length = np.hypot(*along)
        along = along / length if length > 1e-6 else np.array([0.0, 1.0])
        across = np.array([-along[1], along[0]])
        rows = np.stack(
            [
                along * (TILE * _TILES_PER_HEIGHT / self.camera.scale),
                across * (0.5 * TILE / max(half_width, 0.5)),
            ]
        )
        shift = np.array([0.0, 0.5 * TILE]) - rows @ start
        patch = Patch(convex_hull(hull), tile, np.column_stack([rows, shift]))
        self.parts.append(Part(kind, depth, patch))

    def limb(
        self,
        kind: int,
        ends: np.ndarray,
        radii: tuple[float, float],
        tile: np.ndarray,
        *,
        lift: float = 0.0,
    ) -> None:
        """Add a tapered capsule between two points, float (2, 3), radii in body heights."""
        ends_xy = self.camera.project(ends)
        radii_px = np.multiply(radii, self.outfit.build * self.camera.scale)
        outline = (ends_xy[:, None] + radii_px[:, None, None] * _CIRCLE).reshape(-1, 2)
        axis = (ends_xy[0], ends_xy[1], radii_px.max())
        self._add(kind, ends[:, 2].mean() + lift, outline, tile, axis)

    def solid(
        self, kind: int, rings: np.ndarray, tile: np.ndarray, *, depth: float | None = None
    ) -> None:
        """Add the hull of points, float (R, P, 3), in rings from one end to the other."""
        outline = self.camera.project(rings)
        centers = outline.mean(axis=1)
        along = centers[-1] - centers[0]
        along = along / max(np.hypot(*along), 1e-6)
        offsets = (outline - centers[:, None]).reshape(-1, 2) @ (-along[1], along[0])
        depth = rings[..., 2].mean() if depth is None else depth
        axis = (centers[0], centers[-1], np.abs(offsets).max())
        self._add(kind, depth, outline.reshape(-1, 2), tile, axis)


def _ring(center: np.ndarray, frame: np.ndarray, half_x: float, half_z: float) -> np.ndarray:
    """Points (12, 3) of an ellipse across a trunk."""
    return center + _CIRCLE * (half_x, half_z) @ frame[:, [0, 2]].T


def _add_trunk(builder: _Builder) -> None:
    body, outfit = builder.body, builder.outfit
    pelvis, chest, build = body.pelvis, body.chest, outfit.build
    shoulders, hips = body.keypoints[5:7], body.keypoints[11:13]
    half_x = float(np.linalg.norm(shoulders[0] - shoulders[1])) / 2
    waist = 0.35 * body.neck
    girdle = shoulders.mean(axis=0)
    rings = [
        _ring(waist, 0.5 * (pelvis + chest), 0.075 * build, 0.055 * build),
        _ring(0.5 * (girdle + waist), chest, 0.9 * half_x * build, 0.062 * build),
        _ring(girdle, chest, half_x + 0.012, 0.045 * build),
        _ring(body.neck + 0.012 * chest[:, 1], chest, 0.045, 0.03),
    ]
    builder.solid(Kind.CHEST, np.stack(rings), outfit.shirt)
    hip_x = float(np.linalg.norm(hips[0] - hips[1])) / 2
    below = -0.04 * pelvis[:, 1]
    rings = [
        _ring(0.35 * body.neck, pelvis, 0.074 * build, 0.052 * build),
        _ring(0 * below, pelvis, (hip_x + 0.034) * build, 0.06 * build),
        _ring(below, pelvis, (hip_x + 0.02) * build, 0.05 * build),
    ]
    builder.solid(Kind.PELVIS, np.stack(rings), outfit.trousers, depth=-0.004)
    if outfit.collar and chest[2, 2] > 0.15:  # the front of the chest faces the viewer
        front = body.neck + chest[:, 2] * 0.05 * build
        corners = [[0.032, 0.01, -0.01], [-0.032, 0.01, -0.01], [0, -0.075, 0.006]]
        patch = front + np.array(corners) @ chest.T
        builder.solid(Kind.CHEST, patch[:, None], outfit.skin, depth=girdle[2] + 0.02)


def _add_limbs(builder: _Builder) -> None:
    body, outfit = builder.body, builder.outfit
    points = body.keypoints
    upper = outfit.skin if outfit.sleeves == "none" else outfit.shirt
    fore = outfit.shirt if outfit.sleeves == "long" else outfit.skin
    thigh = outfit.skin if outfit.legwear == "skirt" else outfit.trousers
    shin = outfit.trousers if outfit.legwear == "long" else outfit.skin
    for i in range(2):
        shoulder, elbow, wrist = points[5 + i], points[7 + i], points[9 + i]
        hip, knee, ankle = points[11 + i], points[13 + i], points[15 + i]
        builder.limb(Kind.UPPER_ARM + i, np.stack([shoulder, elbow]), (0.034, 0.026), upper)
        builder.limb(Kind.FOREARM + i, np.stack([elbow, wrist]), (0.025, 0.018), fore, lift=0.004)
        builder.limb(Kind.HAND + i, np.stack([wrist, body.hands[i]]), (0.02, 0.026), outfit.skin)
        builder.limb(Kind.THIGH + i, np.stack([hip, knee]), (0.055, 0.038), thigh)
        builder.limb(Kind.SHIN + i, np.stack([knee, ankle]), (0.037, 0.024), shin, lift=-0.004)
        heel = ankle + 0.5 * (ankle - knee) * 0.14
        builder.limb(Kind.FOOT + i, np.stack([heel, body.toes[i]]), (0.029, 0.024), outfit.shoes)
    if outfit.legwear == "skirt":
        hips, knees = points[11:13], points[13:15]
        hem = hips + 0.72 * (knees - hips)
        rings = [
            _ring(0.3 * body.neck, body.pelvis, 0.075, 0.055),
            _ring(0 * hem[0], body.pelvis, 0.1, 0.07),
        ]
        rings += [_ring(end, body.pelvis, 0.068, 0.06) for end in hem]
        nearest = points[11:15, 2].reshape(2, 2).mean(axis=0).max()
        builder.solid(Kind.SKIRT, np.stack(rings), outfit.trousers, depth=nearest + 0.02)


def _add_head(builder: _Builder) -> None:
    body, outfit, camera = builder.body, builder.outfit, builder.camera
    skin, hair = (tile.mean(axis=(0, 1)) * 1.1 for tile in (outfit.skin, outfit.hair))
    center, reach = body.head_center, 1.3 * body.head_axes.max()
    throat = center - body.head @ (body.head_axes * [0, 0.6, 0])
    builder.limb(
        Kind.NECK,
        np.stack([body.neck - 0.01 * body.chest[:, 1], throat]),
        (0.034, 0.03),
        outfit.skin,
    )
    if outfit.hair_style == "long":
        back = -body.head[:, 2] * 0.035
        end = body.neck + back - 0.06 * body.chest[:, 1] - 0.03 * body.chest[:, 2]
        builder.limb(Kind.HAIR, np.stack([center + back, end]), (0.075, 0.05), outfit.hair)
    elif outfit.hair_style == "cap":
        brow = center + body.head @ (body.head_axes * [0, 0.5, 0.8])
        peak = brow + body.head @ [0, -0.005, 0.055]
        builder.limb(Kind.HAIR, np.stack([brow, peak]), (0.045, 0.03), outfit.hair, lift=0.03)
    for i, side in enumerate(BODY_SIDES):
        if outfit.hair_style != "long":
            ear = body.keypoints[3 + i]
            ends = ear + np.array([[0, 0.012, 0], [side * 0.006, -0.012, 0]]) @ body.head.T
            builder.limb(Kind.EAR + i, ends, (0.016, 0.013), outfit.skin)
    tile, alpha = draw_head(body.head, body.head_axes, skin, hair, outfit.hair_style)
    center_xy = camera.project(center)
    half = reach * camera.scale * camera.distance / (camera.distance - center[2])
    zoom = 0.5 * HEAD_PIXELS / half
    to_tile = np.array([[zoom, 0, 0], [0, zoom, 0]])
    to_tile[:, 2] = 0.5 * HEAD_PIXELS - zoom * center_xy - 0.5
    # The outline of an ellipsoid is the ellipse of its matrix's upper left corner.
    shape = body.head * body.head_axes
    spread = np.linalg.cholesky((shape @ shape.T)[:2, :2])
    hull = center_xy + _CIRCLE @ spread.T * [1, -1] * (half / reach) * 1.04
    builder.parts.append(Part(Kind.HEAD, center[2], Patch(convex_hull(hull), tile, to_tile, alpha)))


def _add_chair(builder: _Builder) -> None:
    pelvis = builder.body.pelvis
    box = np.array([[x, 0, z] for x in (-0.13, 0.13) for z in (-0.1, 0.2)])
    seat = np.stack([box + [0, y, 0] for y in (-0.06, -0.28)]) @ pelvis.T
    builder.solid(Kind.FURNITURE, seat, builder.outfit.chair)
    rest = np.array([[x, 0, z] for x in (-0.12, 0.12) for z in (-0.13, -0.1)])
    back = np.stack([rest + [0, y, 0] for y in (0.2, -0.1)]) @ pelvis.T
    builder.solid(Kind.FURNITURE, back, builder.outfit.chair)


def build_figure(body: Body, camera: Camera, outfit: Outfit, *, chair: bool) -> list[Part]:
    """Clothe a body.

    Args:
        body: posed joints.
        camera: where the body is seen, and how large.
        outfit: clothes and colours.
        chair: whether the person sits on a chair, which then is drawn too.

    Returns: parts in drawing order, the farthest first.
    """
    builder = _Builder(body, camera, outfit)
    _add_trunk(builder)
    _add_limbs(builder)
    _add_head(builder)
    if chair:
        _add_chair(builder)
    return sorted(builder.parts, key=lambda part: part.depth)
