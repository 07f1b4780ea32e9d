"""One-euro filter: still people hold still, moving people are not held back."""

import math

import numpy as np

from utils.people import People

# Cutoff frequencies in Hz; speeds in person sizes (box diagonals) a second, so that people near and
# far are treated alike.
MIN_CUTOFF = 1.5
BETA = 12.0
SPEED_CUTOFF = 1.0


class OneEuroFilter:
    """Smooth a set of points over time, each with a cutoff that grows with its speed.

    Source: Casiez, Roussel, Vogel, "1 Euro Filter", CHI 2012.

    Args:
        min_cutoff: Hz, for a point at rest; lower is smoother.
        beta: Hz per unit of speed; higher follows quick motion closer.
        speed_cutoff: Hz, of the filter on the speed itself.
    """

    def __init__(
        self, min_cutoff: float = MIN_CUTOFF, beta: float = BETA, speed_cutoff: float = SPEED_CUTOFF
    ) -> None:
        self.min_cutoff, self.beta, self.speed_cutoff = min_cutoff, beta, speed_cutoff
        self._points = self._speeds = np.zeros((0, 2))

    def update(
        self, points: np.ndarray, seen: np.ndarray, seconds: float, size: float = 1.0
    ) -> np.ndarray:
        """Take the next points.

        Args:
            points: float (K, 2).
            seen: bool (K,); a point not seen passes as it is, and starts anew when seen again.
            seconds: since the last update, above 0.
            size: what speeds are measured in, in units of the points.
        Returns: float64 (K, 2).
        """
        points = np.asarray(points, np.float64)
        if not len(self._points):
            self._points = np.full_like(points, np.nan)
            self._speeds = np.zeros_like(points)
        known = ~np.isnan(self._points[:, :1])
        before = np.where(known, self._points, points)
        speeds = (points - before) / seconds
        speeds = self._speeds + _weight(self.speed_cutoff, seconds) * (speeds - self._speeds)
        cutoff = self.min_cutoff + self.beta / size * np.linalg.norm(speeds, axis=1, keepdims=True)
        smooth = before + _weight(cutoff, seconds) * (points - before)
        smooth = np.where(seen[:, None], smooth, points)
        self._points = np.where(seen[:, None], smooth, np.nan)
        self._speeds = np.where(seen[:, None], speeds, 0)
        return smooth


class PeopleSmoother:
    """One filter for each identity, dropped when its person has been gone too long.

    Args:
        threshold: keypoints at or below it are not smoothed.
        forget_seconds: how long a person may be gone.
    """

    def __init__(self, threshold: float, forget_seconds: float = 0.5) -> None:
        self.threshold, self.forget_seconds = threshold, forget_seconds
        self._filters: dict[int, tuple[OneEuroFilter, float]] = {}

    def update(self, people: People, ids: list[int], time_seconds: float) -> People:
        """Smooth the keypoints of the people of one frame.

        Args:
            people: of the frame.
            ids: their identities.
            time_seconds: of the frame, rising.
        Returns: the same people, their keypoints smoothed.
        """
        keypoints = people.keypoints.copy()
        for i, identity in enumerate(ids):
            one_euro, last = self._filters.get(identity, (OneEuroFilter(), -math.inf))
            if time_seconds - last > self.forget_seconds:
                one_euro, last = OneEuroFilter(), time_seconds - 1 / 30
            size = float(np.hypot(*people.boxes_xywh[i, 2:])) or 1.0
            seen = people.keypoint_scores[i] > self.threshold
            seconds = max(time_seconds - last, 1e-3)
            keypoints[i] = one_euro.update(keypoints[i], seen, seconds, size)
            self._filters[identity] = one_euro, time_seconds
        stale = [k for k, (_, last) in self._filters.items() if time_seconds - last > 5]
        for identity in stale:
            del self._filters[identity]
        return People(
            people.boxes_xywh, people.box_scores, keypoints, people.keypoint_scores, people.scores
        )


def _weight(cutoff: float | np.ndarray, seconds: float) -> float | np.ndarray:
    """Share of the new value that a first-order low pass takes over."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * seconds))
