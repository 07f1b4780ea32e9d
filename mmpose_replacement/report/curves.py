"""The scalars of a training, as mmengine's LocalVisBackend writes them, as table and as picture."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from prepostprocess.files import replacing, write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def read_scalars(runs: Iterable[Path]) -> list[dict]:
    """Read what was logged; from where a start goes on, what earlier ones logged does not count.

    Args:
        runs: folders of single starts of a training; others are passed over.

    Returns:
        A record a line, in the order of the folders' names, which are times.
    """
    records: list[dict] = []
    for run in sorted(runs):
        for path in run.glob("vis_data/scalars.json"):
            lines = path.read_text(encoding="utf-8").splitlines()
            # the last line of a run that was ended may be cut
            found = [json.loads(line) for line in lines if line.endswith("}")]
            first = next((record for record in found if "loss" in record), None)
            if first:
                records = [record for record in records if _is_before(record, first)]
            records += found
    return records


def _is_before(record: dict, first: dict) -> bool:
    """Tell whether a record is of an earlier step, or a score of an earlier epoch."""
    end = first["step"] if "loss" in record else first.get("epoch", first["step"])
    return record["step"] < end


def write_scalars(records: list[dict], path: Path) -> None:
    """Write one row a record, one column a name.

    Args:
        records: of ``read_scalars``.
        path: a CSV file.
    """
    names = list(dict.fromkeys(name for record in records for name in record))
    lines = [",".join(names)]
    lines += [",".join(str(record.get(name, "")) for name in names) for record in records]
    write_whole(path, "\n".join(lines) + "\n")


def draw_curves(records: list[dict], score: str | None, path: Path) -> None:
    """Draw losses against steps and, where there is one, the score with the best marked.

    Args:
        records: of ``read_scalars``; without a loss and a score nothing is drawn.
        score: its name in the records.
        path: a PNG file.
    """
    import matplotlib  # here: it costs a second at import

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    train = [record for record in records if "loss" in record]
    is_scored = any(score in record for record in records)
    panels = [_draw_losses] * bool(train) + [_draw_score] * is_scored
    if not panels:
        return
    figure, axes = plt.subplots(
        1, len(panels), figsize=(6 * len(panels), 4), layout="constrained", squeeze=False
    )
    for draw, axis in zip(panels, axes[0], strict=True):
        draw(axis, train if draw is _draw_losses else records, score)
        axis.grid(alpha=0.3)
    with replacing(path) as partial:
        figure.savefig(partial, dpi=100, format="png")
    plt.close(figure)


def _draw_losses(axis: "Axes", records: list[dict], _: str | None) -> None:
    """Draw the sum and its parts, if there are several; logarithmic, with plain ticks."""
    from matplotlib import ticker

    parts = {name for record in records for name in record if name.startswith("loss_")}
    names = ["loss", *sorted(parts)] if len(parts) > 1 else ["loss"]
    for name in names:
        points = [(record["step"], record[name]) for record in records if record.get(name, 0) > 0]
        if points:
            axis.plot(*zip(*points, strict=True), label=name, lw=2 if name == "loss" else 1)
    axis.set(title="training loss", xlabel="step")
    if axis.lines:
        axis.set_yscale("log", subs=(1, 2, 5))
        axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(ticker.FormatStrFormatter("%.3g"))
        axis.yaxis.set_minor_formatter(ticker.NullFormatter())
    if len(axis.lines) > 1:
        axis.legend()


def _draw_score(axis: "Axes", records: list[dict], name: str) -> None:
    """Draw a score as points over epochs; the best has its number beside it."""
    points = [(record["step"], record[name]) for record in records if name in record]
    axis.plot(*zip(*points, strict=True), "o-", ms=4)
    epoch, best = max(points, key=lambda point: point[1])
    axis.plot(epoch, best, "o", ms=9, mfc="none", mew=2, color="tab:red")
    axis.annotate(
        f"best {best:.3f}", (epoch, best), (0, -18), textcoords="offset points", ha="right"
    )
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.set(title=f"{name} on the validation set", xlabel="epoch")
