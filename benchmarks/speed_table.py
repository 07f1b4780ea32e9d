"""Interleaved timing of ours and another implementation, and the table that tells of it."""

import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import torch


@dataclass(frozen=True)
class Row:
    """One comparison; ``ours`` and ``stock`` in ``unit``, None where not measured.

    Attributes:
        what: what was timed.
        unit: of both figures: a time, or a rate with "/s" in it.
        ours: median of ours.
        stock: median of the other one.
    """

    what: str
    unit: str
    ours: float | None
    stock: float | None

    def cells(self) -> list[str]:
        """Return the texts of the table's columns."""
        if self.ours is None or self.stock is None:
            return [self.what, "not measured", "not measured", ""]
        faster = self.ours / self.stock if "/s" in self.unit else self.stock / self.ours
        figures = [f"{value:.3g} {self.unit}" for value in (self.ours, self.stock)]
        return [self.what, *figures, f"{faster:.2f}x"]


def interleaved_medians(
    calls: Sequence[Callable[[], object]],
    repeats: int,
    *,
    warm_ups: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """Call each in turn, ``repeats`` times round; return each one's median seconds by the clock."""
    for call in calls * warm_ups:
        call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for call, kept in zip(calls, times, strict=True):
            started_at = clock()
            call()
            kept.append(clock() - started_at)
    return [statistics.median(kept) for kept in times]


def machine() -> str:
    """Name the processor, the GPU and the versions that a figure depends on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "mmpose", "numpy"))
    threads = f"{torch.get_num_threads()} threads"
    return f"{_processor()}, {threads}, {gpu}; Python {platform.python_version()}, {packages}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
        return f"{len(names)} x {names[0]}"
    except OSError:
        return platform.processor() or platform.machine()


def markdown(rows: Sequence[Row]) -> str:
    """Lay out the rows as a Markdown table."""
    lines = ["| | ours | stock | ours is |", "|---|---|---|---|"]
    return "\n".join(lines + ["| " + " | ".join(row.cells()) + " |" for row in rows])
