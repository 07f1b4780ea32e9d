"""Mean time of each stage, for progress bars and closing lines."""

from collections import defaultdict

from utils.stages import Job


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
