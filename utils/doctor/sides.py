"""Left and right exchanged: what a file's keypoints say of one another.

Seen from one side, a person's left joints lie all on one side of the right ones. So each pair must
agree with the others of its person; a pair that mostly does not bears the wrong names. If all are
exchanged, they agree: then faces tell, since eyes that are both seen look at the camera.

Letters: N people, P pairs of a left and a right keypoint.
"""

from collections.abc import Sequence

import numpy as np

from utils.dataset_check.faults import Fault, warning
from utils.doctor.poses import Poses
from utils.joints import mirrored

CLEAR = 0.1  # of the box's width: pairs closer than this do not count
_SURE = 4  # standard deviations that a share must be below one half
_FEWEST = 20  # people that must show a pair


def check_sides(poses: Poses, file: str) -> list[Fault]:
    """Tell pairs whose left and right contradict the others', or all of them the face.

    Args:
        poses: the people.
        file: its name, for the fault.

    Returns:
        At most one warning.
    """
    labelled = np.count_nonzero(poses.points[..., 2], axis=0)
    pairs = [pair for pair in side_pairs(poses.names) if labelled[list(pair)].all()]
    if not pairs:
        return []
    sides = _sides(poses, pairs)
    wrong = _exchanged(sides, [poses.names[left] for left, _ in pairs])
    right = np.where(wrong, -1, 1)
    told = []
    for number in np.flatnonzero(wrong).tolist():
        left, other = (poses.names[k] for k in pairs[number])
        rest = np.sign((sides * right)[:, ~wrong].sum(axis=1)) if not wrong.all() else 1
        clear = (sides[:, number] != 0) & (rest != 0)
        share = np.mean((sides[:, number] != rest)[clear]) if clear.any() else 0
        told.append(f"'{left}' and '{other}' in {100 * share:.0f} % of {clear.sum()} people")
    return warning(
        "sides",
        file,
        "left keypoints must be the person's left ones, as the other pairs and the face say",
        told,
        "Look at some people; exchange these names, or write these keypoints the other way round.",
        "All pairs are exchanged, or all people are seen from behind."
        if wrong.all()
        else "The names of left and right are exchanged.",
    )


def side_pairs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Number the keypoints that differ in left and right alone, the left one first."""
    number = {name: k for k, name in enumerate(names)}
    lefts = [name for name in names if "left" in name.lower() and mirrored(name) in number]
    return [(number[name], number[mirrored(name)]) for name in lefts]


def _sides(poses: Poses, pairs: list[tuple[int, int]]) -> np.ndarray:
    """1 where the left joint is clearly right of the other in the picture, -1, or 0; (N, P)."""
    left, right = (poses.points[:, [pair[i] for pair in pairs]] for i in (0, 1))
    apart = left[..., 0] - right[..., 0]
    both = (left[..., 2] > 0) & (right[..., 2] > 0)
    return np.where(both & (np.abs(apart) > CLEAR * poses.boxes_xywh[:, 2:3]), np.sign(apart), 0)


def _exchanged(sides: np.ndarray, names: list[str]) -> np.ndarray:
    """Find pairs that contradict the others, bool (P,); all of them if faces, or backs, say so."""
    agreement = sides.T @ sides
    np.fill_diagonal(agreement, 0)
    first = np.linalg.eigh(agreement)[1][:, -1] if len(names) > 1 else np.ones(len(names))
    camps = np.where(first < 0, -1, 1)
    camps *= 1 if camps.sum() >= 0 else -1  # the larger camp is right, as long as no face speaks
    front = np.sign((sides * camps).sum(axis=1))
    eyes = next((k for k, name in enumerate(names) if name.lower().endswith("eye")), None)
    if eyes is not None and np.count_nonzero(sides[:, eyes]) >= _FEWEST:
        camps *= int(_most(sides[:, eyes])) * camps[eyes]
    elif any("shoulder" in name.lower() for name in names) and _is_rare(front > 0, front != 0):
        camps *= -1
    wrong = camps < 0
    if wrong.all():
        return wrong
    doubtful = [
        k
        for k in np.flatnonzero(wrong)
        if not _is_rare(
            sides[:, k] == (rest := np.sign((sides * camps)[:, ~wrong].sum(axis=1))),
            (sides[:, k] != 0) & (rest != 0),
        )
    ]
    wrong[doubtful] = False
    return wrong


def _most(values: np.ndarray) -> float:
    """The sign of most values; 1 if undecided."""
    return 1.0 if values.sum() >= 0 else -1.0


def _is_rare(holds: np.ndarray, counted: np.ndarray) -> bool:
    """Tell whether something holds for surely fewer than half of those that count."""
    count = int(counted.sum())
    share = holds[counted].mean() if count else 1.0
    return count >= _FEWEST and (0.5 - share) * 2 * np.sqrt(count) > _SURE
