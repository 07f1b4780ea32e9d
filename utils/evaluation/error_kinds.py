"""What kind of error each joint is, and what its cure would gain.

Source: Ronchi and Perona, "Benchmarking and error diagnosis in multi-instance pose estimation",
ICCV 2017, section 3.1.
"""

from collections import defaultdict

import numpy as np

from prepostprocess.keypoints.oks import keypoint_similarity
from utils.evaluation.comparison import Match, Person
from utils.joints import Joints

ERROR_KINDS = ("good", "jitter", "inversion", "swap", "miss")
GOOD, NEAR = 0.85, 0.5  # similarity above which a joint is in place; near its place
UNLABELLED = -1


def classify_joints(matches: list[Match], joints: Joints) -> np.ndarray:
    """Name the kind of each joint's error.

    - good: in place, similarity at least .85;
    - jitter: near its place, at least .5;
    - inversion: on the same person's joint of the other side;
    - swap: on such a joint of another person, of either side;
    - miss: none of these, or the person was not found.

    Args:
        matches: all labelled people, with the predictions for them.
        joints: the K keypoints.

    Returns:
        int (N, K), places in ``ERROR_KINDS``; -1 where nothing is labelled.
    """
    people_of = defaultdict(list)
    for match in matches:
        people_of[match.truth.image].append(match.truth)
    mirror = np.arange(len(joints.names))
    for a, b in joints.flip_pairs:
        mirror[a], mirror[b] = b, a
    kinds = np.full((len(matches), len(mirror)), UNLABELLED)
    for row, match in zip(kinds, matches, strict=True):
        others = [other for other in people_of[match.truth.image] if other is not match.truth]
        row[match.truth.labelled] = _kinds_of(match, others, mirror, joints.sigmas)[
            match.truth.labelled
        ]
    return kinds


def similarity_without(matches: list[Match], kinds: np.ndarray, joints: Joints) -> dict[str, float]:
    """Mean similarity of people (OKS) if all errors of one kind were put in place.

    Args:
        matches: the labelled people, each with a labelled joint.
        kinds: of ``classify_joints``.
        joints: the K keypoints.

    Returns:
        Kind to mean OKS, 0..1; "good" to the one as it is.
    """
    similar = np.array([_similarity(match, joints.sigmas) for match in matches])
    labelled = kinds != UNLABELLED
    means = {}
    for place, kind in enumerate(ERROR_KINDS):
        cured = np.where((kinds == place) & (place > 0), 1.0, similar)
        means[kind] = float(np.mean((cured * labelled).sum(axis=1) / labelled.sum(axis=1)))
    return means


def _similarity(match: Match, sigmas: np.ndarray) -> np.ndarray:
    if match.prediction is None:
        return np.zeros(len(sigmas))
    return keypoint_similarity(
        match.prediction.keypoints, match.truth.keypoints, match.truth.area, sigmas
    )


def _kinds_of(
    match: Match, others: list[Person], mirror: np.ndarray, sigmas: np.ndarray
) -> np.ndarray:
    """The kinds of one person's joints, int (K,), labelled or not."""
    own = _similarity(match, sigmas)
    kinds = np.where(own >= GOOD, 0, np.where(own >= NEAR, 1, len(ERROR_KINDS) - 1))
    if match.prediction is None:
        return kinds
    points = match.prediction.keypoints

    def reached(person: Person, order: np.ndarray) -> np.ndarray:
        similar = keypoint_similarity(points, person.keypoints[order], person.area, sigmas[order])
        return np.where(person.labelled[order], similar, 0)

    straight = np.arange(len(mirror))
    inverted = np.where(mirror != straight, reached(match.truth, mirror), 0)
    swapped = np.zeros(len(mirror))
    for other in others:
        swapped = np.maximum(swapped, np.maximum(reached(other, straight), reached(other, mirror)))
    is_far = own < NEAR
    kinds[is_far & (swapped >= NEAR)] = 3
    kinds[is_far & (inverted >= NEAR) & (inverted >= swapped)] = 2
    return kinds
