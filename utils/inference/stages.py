"""A line of stages, each in its own thread, so that none waits for another's work to end."""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

_END = object()
_POLL_SECONDS = 0.1  # how soon a stage notices that nobody wants its results any more


@dataclass
class Job:
    """One item on its way through the stages.

    Attributes:
        item: what went in.
        value: what the last stage returned.
        error: why a stage could not; the later stages leave such a job alone.
        seconds: time in each stage, by its name.
    """

    item: Any
    value: Any
    error: Exception | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def fault(self) -> str:
        """The error's line, which names the item in any case."""
        line, name = str(self.error), str(self.item)
        line = line if name in line else f"{name}: {line}"
        return line.encode("utf-8", "backslashreplace").decode()  # names may be any bytes


@dataclass(frozen=True)
class Stage:
    """A step of the work.

    Attributes:
        name: for the times.
        function: value in, value out; with ``many`` above 1 a list in, a list of that length out.
        many: take up to so many jobs at once, as many as wait.
    """

    name: str
    function: Callable
    many: int = 1


def run_stages(
    items: Iterable, stages: Sequence[Stage], *, depth: int = 4
) -> Generator[Job, None, None]:
    """Send items through stages that overlap in time.

    Args:
        items: read by a thread of its own, never far ahead of the work.
        stages: in order; each runs in one thread, so results keep the items' order.
        depth: jobs that may wait before each stage; bounds the memory.
    Yields: the jobs, in order. A ValueError or OSError of a stage stays with its job; any other
        exception ends the line and is raised here.
    """
    stop = threading.Event()
    queues: list[queue.Queue] = [queue.Queue(depth) for _ in range(len(stages) + 1)]
    threads = [threading.Thread(target=_feed, args=(items, queues[0], stop), daemon=True)]
    threads += [
        threading.Thread(target=_work, args=(stage, *pair, stop), daemon=True)
        for stage, pair in zip(stages, zip(queues, queues[1:], strict=False), strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        while (job := queues[-1].get()) is not _END:
            if isinstance(job, BaseException):
                raise job
            yield job
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _put(target: queue.Queue, job: object, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            return target.put(job, timeout=_POLL_SECONDS)
        except queue.Full:
            continue


def _take(source: queue.Queue, stop: threading.Event) -> Any:
    while not stop.is_set():
        try:
            return source.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
    return _END


def _feed(items: Iterable, target: queue.Queue, stop: threading.Event) -> None:
    try:
        for item in items:
            if stop.is_set():
                return
            _put(target, Job(item, item), stop)
        _put(target, _END, stop)
    except BaseException as err:  # noqa: BLE001 - raised again where the results are read
        _put(target, err, stop)


def _work(stage: Stage, source: queue.Queue, target: queue.Queue, stop: threading.Event) -> None:
    last = None
    while last is None:
        jobs = [_take(source, stop)]
        while len(jobs) < stage.many and isinstance(jobs[-1], Job):
            try:
                jobs.append(source.get_nowait())
            except queue.Empty:
                break
        last = None if isinstance(jobs[-1], Job) else jobs.pop()
        try:
            _run_jobs(stage, [job for job in jobs if job.error is None])
        except BaseException as err:  # noqa: BLE001 - raised again where the results are read
            _put(target, err, stop)
            return
        for job in jobs:
            _put(target, job, stop)
    _put(target, last, stop)


def _run_jobs(stage: Stage, jobs: list[Job]) -> None:
    """Do a stage's work; if several fail together, one by one, to find who is at fault."""
    if not jobs:
        return
    began = time.perf_counter()
    try:
        if stage.many == 1:
            jobs[0].value = stage.function(jobs[0].value)
        else:
            results = stage.function([job.value for job in jobs])
            for job, result in zip(jobs, results, strict=True):
                job.value = result
    except (ValueError, OSError) as err:
        if len(jobs) == 1:
            jobs[0].error = err
        else:
            for job in jobs:
                _run_jobs(stage, [job])
            return
    spent = (time.perf_counter() - began) / len(jobs)
    for job in jobs:
        job.seconds[stage.name] = spent
