"""Find out on the work itself how many crops a forward pass should take."""

import threading
from collections import defaultdict

CANDIDATES = (1, 2, 4, 8, 16)
_RUNS = 3  # of each size before it is judged; the first, which sets up memory, does not count


class BatchChoice:
    """Try each size a few times, then use the one with the least time a crop.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[int, list[float]] = defaultdict(list)

    def choose(self, waiting: int) -> int:
        """How many of ``waiting`` (at least 1) crops to take now."""
        possible = [size for size in CANDIDATES if size <= waiting]
        with self._lock:
            for size in possible:
                if len(self._seconds[size]) < _RUNS:
                    return size
            return min(possible, key=lambda size: min(self._seconds[size][1:]))

    def record(self, size: int, seconds: float) -> None:
        """Note how long a forward pass of ``size`` crops took.

        Args:
            size: crops of the pass.
            seconds: that it took.
        """
        with self._lock:
            if len(self._seconds[size]) < _RUNS:
                self._seconds[size].append(seconds / size)
