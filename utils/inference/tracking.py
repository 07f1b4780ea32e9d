"""Give the people of successive frames identities that survive short misses."""

from dataclasses import dataclass

import numpy as np

from prepostprocess.crop.box import xywh_to_xyxy
from prepostprocess.nms import iou_matrix
from utils.people import Detections, People

_LEAST_OVERLAP = 0.3
_MOST_DISTANCE = 0.5  # between centres, in box diagonals; for people who moved on while missed
_VELOCITY_WEIGHT = 0.5  # of the newest displacement
_LEAST_JOINTS = 3  # that a person followed without the detector must show


@dataclass
class Track:
    """One identity.

    Attributes:
        identity: a number from 1.
        box_xywh: float (4,), where the person was seen last, source pixels.
        velocity_xy: float (2,), pixels a frame.
        score: of the box.
        keypoints: float (K, 2), source xy.
        seen: bool (K,), which of them scored above the threshold.
        missed: frames since then.
    """

    identity: int
    box_xywh: np.ndarray
    velocity_xy: np.ndarray
    score: float
    keypoints: np.ndarray
    seen: np.ndarray
    missed: int = 0

    def expected_box(self) -> np.ndarray:
        """Where the box should be in the next frame, if the person keeps moving like this."""
        moved = self.box_xywh.copy()
        moved[:2] += self.velocity_xy * (self.missed + 1)
        return moved


class Tracker:
    """Match the people of each frame with those of the frames before.

    Args:
        threshold: keypoints at or below it do not count.
        max_missed: frames that a person may be missing and still come back as the same.
    """

    def __init__(self, threshold: float, max_missed: int) -> None:
        self.threshold, self.max_missed = threshold, max_missed
        self._tracks: list[Track] = []
        self._next_identity = 1

    def update(self, people: People) -> list[int]:
        """Take the people of the next frame.

        Returns: the identity of each, a number from 1 that nobody else ever gets.
        """
        matches = self._match(people.boxes_xywh)
        identities = []
        for i, box in enumerate(people.boxes_xywh.astype(np.float64)):
            track = matches.get(i)
            seen = people.keypoint_scores[i] > self.threshold
            score, keypoints = float(people.box_scores[i]), people.keypoints[i]
            if track is None:
                track = Track(self._next_identity, box, np.zeros(2), score, keypoints, seen)
                self._tracks.append(track)
                self._next_identity += 1
            else:
                step = (_center(box) - _center(track.box_xywh)) / (track.missed + 1)
                track.velocity_xy += _VELOCITY_WEIGHT * (step - track.velocity_xy)
                track.box_xywh, track.score = box, score
                track.keypoints, track.seen = keypoints, seen
            track.missed = -1
            identities.append(track.identity)
        for track in self._tracks:
            track.missed += 1
        self._tracks = [track for track in self._tracks if track.missed <= self.max_missed]
        return identities

    def follow(self, image_wh: tuple[int, int]) -> Detections:
        """Guess the boxes of the next frame without a detector: those seen last, moved on.

        Args:
            image_wh: width and height of the frame in pixels.
        Returns: boxes of those who showed enough joints in the last frame and are still inside.
        """
        boxes, scores = [np.zeros((0, 4))], []
        for track in self._tracks:
            box = track.expected_box()
            inside = (box[:2] < image_wh).all() and (box[:2] + box[2:] > 0).all()
            if track.missed == 0 and inside and track.seen.sum() >= _LEAST_JOINTS:
                boxes.append(box[None])
                scores.append(track.score)
        return Detections.of(np.concatenate(boxes), scores)

    def recenter(self, people: People) -> People:
        """Let the boxes that ``follow`` guessed keep the place that they had about the keypoints.

        Args:
            people: found in such boxes.
        Returns: the same, each box moved by what its person's keypoints moved beyond the guess.
        """
        matches = self._match(people.boxes_xywh)
        boxes = people.boxes_xywh.copy()
        for i, track in matches.items():
            both = track.seen & (people.keypoint_scores[i] > self.threshold)
            if both.any():
                moved = np.median((people.keypoints[i] - track.keypoints)[both], axis=0)
                boxes[i, :2] = track.box_xywh[:2] + moved
        return People(
            boxes, people.box_scores, people.keypoints, people.keypoint_scores, people.scores
        )

    def _match(self, boxes_xywh: np.ndarray) -> dict[int, Track]:
        """Pair boxes with tracks: best overlap first, then the nearest of those that are left."""
        if not self._tracks or not len(boxes_xywh):
            return {}
        expected = np.array([track.expected_box() for track in self._tracks])
        overlap = iou_matrix(xywh_to_xyxy(boxes_xywh), xywh_to_xyxy(expected))
        offsets = _center(boxes_xywh)[:, None] - _center(expected)[None]
        distance = np.hypot(*np.moveaxis(offsets, -1, 0)) / np.hypot(*expected[:, 2:].T)
        pairs = _greedy(overlap, overlap >= _LEAST_OVERLAP)
        left = np.ones_like(overlap, bool)
        for i, j in pairs:
            left[i], left[:, j] = False, False
        pairs += _greedy(-distance, left & (distance <= _MOST_DISTANCE))
        return {i: self._tracks[j] for i, j in pairs}


def _center(boxes_xywh: np.ndarray) -> np.ndarray:
    return boxes_xywh[..., :2] + boxes_xywh[..., 2:] / 2


def _greedy(values: np.ndarray, allowed: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (row, column) with the highest values first, each row and column once."""
    pairs, allowed = [], allowed.copy()
    for flat in np.argsort(-values, axis=None, kind="stable"):
        i, j = (int(k) for k in np.unravel_index(flat, values.shape))
        if allowed[i, j]:
            pairs.append((i, j))
            allowed[i], allowed[:, j] = False, False
    return pairs
