"""Clothes, skin and hair: small textures with a pattern and the shading of a round limb."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

TILE = 32  # pixels, side of a texture; its rows run across a limb, its columns along it
PATTERNS = ("plain", "rings", "lengthwise", "checks", "dots", "noise")
_PATTERN_SHARES = (0.48, 0.14, 0.09, 0.12, 0.06, 0.11)
_SKIN = np.array(
    [[244, 208, 180], [228, 184, 150], [205, 155, 118], [166, 116, 80], [120, 80, 55], [84, 56, 42]]
)
_HAIR = np.array(
    [[25, 20, 18], [60, 40, 26], [98, 66, 38], [176, 136, 78], [130, 126, 122], [120, 52, 28]]
)
HAIR_STYLES = ("short", "long", "bald", "cap")
_NUM_GRAINS = 8  # different fabrics of each kind


@dataclass(frozen=True)
class Outfit:
    """What one person looks like.

    Attributes:
        skin, hair, shirt, trousers, shoes: uint8 (32, 32, 3) RGB textures.
        sleeves: "long", "short" or "none".
        legwear: "long", "short" or "skirt".
        hair_style: one of `HAIR_STYLES`.
        build: factor on the thickness of every part, 0.95 to 1.3.
        collar: whether the chest shows an open collar in front.
        chair: uint8 (32, 32, 3) RGB texture of the seat, used by those who sit.
    """

    skin: np.ndarray
    hair: np.ndarray
    shirt: np.ndarray
    trousers: np.ndarray
    shoes: np.ndarray
    sleeves: str
    legwear: str
    hair_style: str
    build: float
    collar: bool
    chair: np.ndarray


def random_colour(rng: np.random.Generator, *, vivid: float = 1.3) -> np.ndarray:
    """Draw an RGB colour, float (3,), 0 to 255, from grey up to `vivid` times a random colour.

    Args:
        rng: source of chance.
        vivid: how far the colour may be from grey.

    Returns:
        Float (3,), RGB.
    """
    red, green, blue, mix = rng.random(4).tolist()
    grey, mix = (red + green + blue) / 3, 0.1 + (vivid - 0.1) * mix
    return np.array([20 + 225 * (grey + (tone - grey) * mix) for tone in (red, green, blue)])


@cache
def _fabric(kind: str, grain: int) -> np.ndarray:
    """Share of the second colour, float32 (32, 32, 1)."""
    period = (4, 5, 8, 11)[grain % 4]
    steps = np.arange(TILE)
    along, across = np.meshgrid(steps % period, steps % period)
    share: np.ndarray
    if kind == "plain":
        share = np.zeros((TILE, TILE))
    elif kind == "rings":
        share = 2 * along < period
    elif kind == "lengthwise":
        share = 2 * across < period
    elif kind == "checks":
        share = 0.5 * (2 * along < period) + 0.5 * (2 * across < period)
    elif kind == "dots":
        share = np.hypot(along - period / 2, across - period / 2) < 0.32 * period
    else:
        coarse = np.random.default_rng(grain).random((TILE // 4, TILE // 4))
        share = cv2.resize(coarse, (TILE, TILE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(share, np.float32)[..., None]


@cache
def _shading(grain: int, light: int) -> np.ndarray:
    """Brightness of a lit cylinder with some weave, float32 (32, 32, 1)."""
    angle = 1.25 * (np.linspace(-1, 1, TILE) - 0.2 * light)
    rows = 0.62 + 0.45 * np.cos(np.clip(angle, -1.5, 1.5))
    weave = np.random.default_rng(grain).normal(1, 0.035, (TILE, TILE, 1))
    return (rows[:, None, None] * weave).astype(np.float32)


def texture(
    rng: np.random.Generator, colour: np.ndarray, kind: str = "plain", *, light: int = 0
) -> np.ndarray:
    """Draw a texture that is darker towards its first and last row, as a lit cylinder is.

    Args:
        rng: source of all chance.
        colour: float (3,), RGB, 0 to 255.
        kind: one of `PATTERNS`.
        light: which side is brightest, -2 (first row) to 2 (last row).

    Returns: uint8 (32, 32, 3) RGB.
    """
    grain = int(rng.integers(_NUM_GRAINS))
    first, second = colour.astype(np.float32), random_colour(rng).astype(np.float32)
    tile = (first + (second - first) * _fabric(kind, grain)) * _shading(grain, light)
    return np.clip(tile, 0, 255).astype(np.uint8)


def sample_outfit(rng: np.random.Generator) -> Outfit:
    """Draw the clothes, the colours and the build of one person."""
    light = int(rng.integers(-2, 3))

    def cloth() -> np.ndarray:
        kind = str(rng.choice(PATTERNS, p=_PATTERN_SHARES))
        return texture(rng, random_colour(rng), kind, light=light)

    skin = _SKIN[rng.integers(len(_SKIN))] + rng.normal(0, 6, 3)
    hair = _HAIR[rng.integers(len(_HAIR))] + rng.normal(0, 8, 3)
    return Outfit(
        skin=texture(rng, skin, light=light),
        hair=texture(rng, hair, light=light),
        shirt=cloth(),
        trousers=cloth(),
        shoes=texture(rng, random_colour(rng) * 0.6, light=light),
        sleeves=str(rng.choice(("long", "short", "none"), p=(0.35, 0.55, 0.1))),
        legwear=str(rng.choice(("long", "short", "skirt"), p=(0.5, 0.36, 0.14))),
        hair_style=str(rng.choice(HAIR_STYLES, p=(0.46, 0.32, 0.08, 0.14))),
        build=rng.uniform(0.95, 1.3),
        collar=bool(rng.random() < 0.6),
        chair=texture(rng, random_colour(rng), light=light),
    )
