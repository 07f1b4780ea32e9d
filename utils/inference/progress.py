"""Progress bar with the rate and the mean time of each stage."""

import logging
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from utils.inference.stages import Job

logger = logging.getLogger(__name__)

_BAR_AFTER_SECONDS = 1.0


class StageTimes:
    """Add up the times of jobs."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self.num_jobs = 0

    def add(self, job: Job) -> None:
        """Count one job."""
        self.num_jobs += 1
        for name, seconds in job.seconds.items():
            self._seconds[name] += seconds

    def __str__(self) -> str:
        """Milliseconds a job: ``read 3.1 ms, detect 50.2 ms, ...``."""
        count = max(self.num_jobs, 1)
        return ", ".join(f"{name} {1e3 * s / count:.1f} ms" for name, s in self._seconds.items())


def with_bar(
    jobs: Iterator[Job], total: int | None, unit: str, make_bar: Callable[..., Any]
) -> Iterator[Job]:
    """Show a bar with the rate and the time per stage once the work takes a while.

    Args:
        jobs: what ``stages.run_stages`` gives.
        total: how many there will be; None if nobody knows.
        unit: what one job is, for the bar.
        make_bar: ``tqdm.tqdm``, or what takes its place.
    Yields: the jobs.
    """
    times = StageTimes()
    with make_bar(total=total, unit=unit, delay=_BAR_AFTER_SECONDS, file=sys.stderr) as bar:
        for job in jobs:
            times.add(job)
            bar.set_postfix_str(str(times), refresh=False)
            bar.update()
            yield job
        if bar.format_dict["elapsed"] > _BAR_AFTER_SECONDS:
            rate = times.num_jobs / bar.format_dict["elapsed"]
            logger.info("%d %ss, %.2f a second; %s", times.num_jobs, unit, rate, times)
