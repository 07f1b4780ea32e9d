"""What is around the people: walls and floors, clutter, limb-like distractors, occluders."""

import cv2
import numpy as np

from utils.people_generator.appearance import PATTERNS, TILE, random_colour, texture
from utils.people_generator.canvas import Canvas, Patch, convex_hull

_CIRCLE = np.stack([f(np.linspace(0, 2 * np.pi, 14, endpoint=False)) for f in (np.cos, np.sin)], 1)
OCCLUDERS = ("post", "box", "table", "plant")


def _cloth(rng: np.random.Generator) -> np.ndarray:
    kind = "plain" if rng.random() < 0.4 else str(rng.choice(PATTERNS))
    return texture(rng, random_colour(rng, vivid=0.8), kind, light=int(rng.integers(-2, 3)))


def _surface(rng: np.random.Generator, size_wh: tuple[int, int]) -> np.ndarray:
    """A wall or a floor, uint8 (H, W, 3): a gradient with blotches, sometimes with tiles."""
    # Everything here is smooth: a quarter of the resolution does.
    small_wh = (max(size_wh[0] // 4, 2), max(size_wh[1] // 4, 2))
    surface = np.zeros((small_wh[1], small_wh[0], 3), np.float32)
    base = random_colour(rng, vivid=0.6)
    for cells, strength in ((2, 22), (6, 14), (40, 10)):
        blotches = rng.normal(0, strength, (cells, cells, 1)) + rng.normal(0, strength / 4, 3)
        surface += cv2.resize(
            (base / 3 + blotches).astype(np.float32), small_wh, interpolation=cv2.INTER_LINEAR
        )
    small = np.clip(surface, 0, 255).astype(np.uint8)
    pixels = cv2.resize(small, size_wh, interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.45:
        step_x, step_y = rng.integers(12, 60, 2).tolist()
        tone = np.clip(base + rng.normal(0, 40), 0, 255).astype(np.uint8)
        pixels[:, ::step_x] = tone
        if rng.random() < 0.6:
            pixels[::step_y] = tone
    return pixels


def _fill(canvas: Canvas, hull: np.ndarray, tile: np.ndarray, zoom: float, owner: int = 0) -> None:
    """Fill a polygon with an upright texture, enlarged `zoom` times."""
    x, y = hull.min(axis=0)
    to_tile = np.array([[1 / zoom, 0, -x / zoom], [0, 1 / zoom, -y / zoom]])
    canvas.paint(Patch(convex_hull(hull), tile, to_tile), owner)


def _rectangle(x: float, y: float, width: float, height: float) -> np.ndarray:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])


def _draw_shelf(canvas: Canvas, rng: np.random.Generator) -> None:
    """A frame with panes: a shelf, a window, a door."""
    height, width = canvas.owner.shape
    w, h = rng.uniform(0.12, 0.35) * width, rng.uniform(0.2, 0.6) * height
    x, y = rng.uniform(-0.1, 0.9) * width, rng.uniform(-0.1, 0.6) * height
    _fill(canvas, _rectangle(x, y, w, h), _cloth(rng), w / TILE)
    columns, rows = rng.integers(1, 3, 2).tolist()
    pane = _cloth(rng)
    for column in range(columns):
        for row in range(rows):
            left, top = x + (column + 0.1) * w / columns, y + (row + 0.1) * h / rows
            _fill(canvas, _rectangle(left, top, 0.8 * w / columns, 0.8 * h / rows), pane, 1.0)


def _draw_limb(canvas: Canvas, rng: np.random.Generator) -> None:
    """Two or three joined sticks, as thick as limbs and sometimes with a ball at the end."""
    height, width = canvas.owner.shape
    point = rng.uniform((0, 0), (width, height))
    radius, angle = rng.uniform(0.012, 0.045) * height, rng.uniform(0, 2 * np.pi)
    for _ in range(rng.integers(1, 4)):
        tile = _cloth(rng)
        along = np.array([np.cos(angle), np.sin(angle)])
        end = point + along * rng.uniform(0.1, 0.28) * height
        outline = np.concatenate([point + radius * _CIRCLE, end + 0.8 * radius * _CIRCLE])
        rows = np.stack([along * 0.6, np.array([-along[1], along[0]]) * 0.5 * TILE / radius])
        shift = np.array([0, 0.5 * TILE]) - rows @ point
        canvas.paint(Patch(convex_hull(outline), tile, np.column_stack([rows, shift])), 0)
        point, angle, radius = end, angle + rng.uniform(-1.6, 1.6), 0.85 * radius
    if rng.random() < 0.4:
        ball = point + rng.uniform(1.5, 3) * radius * _CIRCLE
        _fill(canvas, ball, _cloth(rng), 2 * np.ptp(ball[:, 1]) / TILE)


def _draw_polygon(canvas: Canvas, rng: np.random.Generator) -> None:
    height, width = canvas.owner.shape
    center = rng.uniform((0, 0), (width, height))
    corners = center + rng.normal(0, rng.uniform(0.03, 0.13) * height, (rng.integers(3, 7), 2))
    _fill(canvas, corners, _cloth(rng), rng.uniform(0.5, 2))


def draw_background(rng: np.random.Generator, size_wh: tuple[int, int]) -> Canvas:
    """Draw a cluttered place without people.

    Args:
        rng: source of all chance.
        size_wh: image size, pixels.

    Returns: a canvas on which every pixel is nobody's.
    """
    width, height = size_wh
    surface = _surface(rng, size_wh)
    if rng.random() < 0.75:
        horizon = int(rng.uniform(0.45, 0.85) * height)
        surface[horizon:] = _surface(rng, (width, height - horizon))
    canvas = Canvas(surface)
    draw = (_draw_polygon, _draw_shelf, _draw_limb)
    for choice in rng.choice(3, size=rng.integers(4, 11), p=(0.45, 0.25, 0.3)):
        draw[choice](canvas, rng)
    return canvas


def occluder_hulls(
    rng: np.random.Generator, kind: str, box_xywh: np.ndarray, size_wh: tuple[int, int]
) -> list[np.ndarray]:
    """Place an object in front of a person.

    Args:
        rng: source of all chance.
        kind: one of `OCCLUDERS`.
        box_xywh: float (4,), the person's box, image pixels.
        size_wh: image size, pixels.

    Returns: the object's convex pieces, each float (N, 2), image pixels.
    """
    x, y, w, h = box_xywh
    width, height = size_wh
    if kind == "post":
        thick = rng.uniform(0.04, 0.1) * height
        left, slant = x + rng.uniform(0, 1) * w, rng.normal(0, 0.08) * height
        post = _rectangle(left, -2, thick, height + 4)
        return [post + [[0, 0], [0, 0], [slant, 0], [slant, 0]]]
    if kind == "box":
        size = rng.uniform((0.3, 0.2), (0.9, 0.45)) * (w, h)
        corner = (x + rng.uniform(-0.2, 0.8) * w, y + rng.uniform(0.3, 1) * h)
        return [_rectangle(*corner, *size)]
    if kind == "table":
        top = y + rng.uniform(0.5, 0.85) * h
        left, length = x - rng.uniform(0, 0.6) * w, rng.uniform(1.0, 1.8) * max(w, 0.4 * h)
        thick = rng.uniform(0.03, 0.07) * h
        legs = [_rectangle(left + at * length, top, thick, height) for at in (0.04, 0.9)]
        return [*legs, _rectangle(left, top, length, 2 * thick)]
    center = np.array([x + rng.uniform(0, 1) * w, y + rng.uniform(0.5, 1.1) * h])
    leaves = []
    for _ in range(rng.integers(5, 12)):
        angle, length = rng.uniform(-np.pi, 0), rng.uniform(0.1, 0.26) * h
        axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        leaf = (_CIRCLE + [0.9, 0]) * (0.5 * length, 0.15 * length)
        leaves.append(center + leaf @ axes)
    return leaves


def draw_occluder(
    canvas: Canvas, rng: np.random.Generator, hulls: list[np.ndarray], owner: int
) -> None:
    """Draw the pieces of one object in one texture.

    Args:
        canvas: drawn on in place.
        rng: source of chance.
        hulls: the pieces, each float (N, 2), xy in pixels.
        owner: 0..255.
    """
    tile = _cloth(rng)
    for hull in hulls:
        _fill(canvas, hull, tile, max(np.ptp(hull[:, 1]) / TILE, 0.5), owner)
