"""Draw plausible poses: what the legs, the arms, the trunk and the head do."""

import numpy as np

from utils.people_generator.skeleton import Pose

# What a person may be doing, and how often.
KINDS = {
    "stand": 0.52,
    "walk": 0.27,
    "wide": 0.11,
    "sit": 0.03,
    "crouch": 0.01,
    "kneel": 0.01,
    "lean": 0.02,
    "lie": 0.03,
}
# Arms as (mean, spread) of flexion, abduction, twist (turns the forearm inwards) and elbow.
_ARMS = {
    "hang": ((0, 9, 0, 12), (10, 5, 12, 9)),
    "on hip": ((-18, 42, 75, 92), (6, 6, 8, 8)),
    "reach": ((75, 8, 0, 20), (14, 9, 15, 14)),
    "raise": ((10, 150, 0, 22), (10, 12, 20, 14)),
    "spread": ((5, 82, 0, 18), (9, 12, 25, 14)),
    "fold": ((28, 10, 45, 95), (9, 6, 10, 12)),
    "phone": ((38, 25, 5, 135), (9, 9, 8, 6)),
}
_ARM_SHARES = (0.60, 0.13, 0.02, 0.10, 0.10, 0.02, 0.03)
# Facing the camera, turned, from the side, from behind: middle and spread of |yaw|, share.
_YAWS = ((0, 12, 0.70), (35, 10, 0.15), (78, 8, 0.03), (180, 18, 0.12))


def _draw(rng: np.random.Generator, mean: tuple, spread: tuple) -> np.ndarray:
    """Normal angles cut at two spreads, so that no joint leaves its range."""
    return np.add(mean, np.multiply(spread, np.clip(rng.normal(size=len(mean)), -2, 2)))


def _legs(rng: np.random.Generator, kind: str) -> np.ndarray:
    """Angles float (2, 4) of both legs: flexion, abduction, twist, knee."""
    if kind == "walk":
        swing = rng.uniform(12, 36)
        front = _draw(rng, (swing, 3, 0, 12), (4, 3, 5, 10))
        back = _draw(rng, (-0.7 * swing, 3, 0, 30), (4, 3, 5, 14))
        pair = [front, back] if rng.random() < 0.5 else [back, front]
    elif kind == "wide":
        pair = [_draw(rng, (4, 24, 0, 8), (8, 8, 8, 8)) for _ in range(2)]
    elif kind == "sit":
        pair = [_draw(rng, (84, 10, 0, 82), (8, 8, 6, 16)) for _ in range(2)]
    elif kind == "crouch":
        pair = [_draw(rng, (100, 16, 0, 122), (10, 8, 6, 8)) for _ in range(2)]
    elif kind == "kneel":
        down, up = _draw(rng, (2, 5, 0, 95), (6, 4, 4, 8)), _draw(rng, (88, 8, 0, 88), (8, 5, 5, 8))
        pair = [down, up] if rng.random() < 0.5 else [up, down]
    else:
        pair = [_draw(rng, (2, 5, 0, 7), (7, 4, 6, 7)) for _ in range(2)]
    legs = np.array(pair)
    legs[:, 3] = np.clip(legs[:, 3], 0, 140)
    return legs


def _arms(rng: np.random.Generator, kind: str) -> np.ndarray:
    """Angles float (2, 4) of both arms: flexion, abduction, twist, elbow."""
    names = list(rng.choice(list(_ARMS), size=2, p=_ARM_SHARES))
    if rng.random() < 0.5:
        names[1] = names[0]
    arms = np.array([_draw(rng, *_ARMS[name]) for name in names])
    if kind == "walk":
        swing = rng.uniform(10, 35) * rng.choice((-1, 1))
        arms[:, 0] += np.where(np.array(names) == "hang", (swing, -swing), 0)
    arms[:, 3] = np.clip(arms[:, 3], 0, 145)
    return arms


def sample_pose(rng: np.random.Generator) -> Pose:
    """Draw what one person does and every joint angle that goes with it.

    Args:
        rng: source of all chance.

    Returns: joint angles, degrees.

    Source: derived here; ranges are those of everyday movement, not of gymnasts.
    """
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    middle, spread, _ = _YAWS[rng.choice(len(_YAWS), p=[share for *_, share in _YAWS])]
    yaw = rng.choice((-1, 1)) * (middle + spread * np.clip(rng.normal(), -2, 2))
    roll = _draw(rng, (0,), (3,))[0]
    bend = _draw(rng, (4, 0, 0), (6, 4, 7))
    if kind == "lean":
        roll += rng.choice((-1, 1)) * rng.uniform(10, 22)
    elif kind == "lie":
        roll += rng.choice((-1, 1)) * rng.uniform(70, 100)
    elif kind == "crouch":
        bend[0] += rng.uniform(20, 40)
    elif kind in ("stand", "wide") and rng.random() < 0.1:
        bend[0] += rng.uniform(20, 50)
    return Pose(
        kind=kind,
        yaw=yaw,
        roll=roll,
        camera_pitch=rng.uniform(-3, 12),
        bend=bend,
        head=_draw(rng, (0, 3, 0), (10, 5, 3)),
        arms=_arms(rng, kind),
        legs=_legs(rng, kind),
    )
