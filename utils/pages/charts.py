"""Charts without a drawing library: bars within tables, and histograms as SVG."""

from collections.abc import Mapping, Sequence

import numpy as np

from utils.pages.page import Html, escaped

BLUE = "#4c78a8"
_WIDTH, _HEIGHT = 170, 60  # pixels of a histogram


def bar(share: float, colour: str = BLUE) -> Html:
    """Draw one bar.

    Args:
        share: its length, 0..1 of the longest.
        colour: CSS.

    Returns:
        The bar, for a table's cell.
    """
    return stacked_bar({"": share}, {"": colour})


def stacked_bar(shares: Mapping[str, float], colours: Mapping[str, str]) -> Html:
    """Draw parts of a whole one after another.

    Args:
        shares: name of each part to its share of the whole, 0..1.
        colours: name of each part to CSS.

    Returns:
        The bar, for a table's cell; the pointer over a part shows its name and share.
    """
    parts = "".join(
        f'<span style="width:{100 * share:.2f}%;background:{colours[name]}" '
        f'title="{escaped(name)} {share:.1%}"></span>'
        for name, share in shares.items()
        if share > 0
    )
    return Html(f'<div class="bar">{parts}</div>')


def legend(colours: Mapping[str, str]) -> Html:
    """Say what the colours of a chart stand for."""
    keys = "".join(
        f'<span class="key" style="background:{colour}"></span>{escaped(name)}'
        for name, colour in colours.items()
    )
    return Html(f"<p>{keys}</p>")


def histogram(counts: Sequence[int] | np.ndarray, low: float, high: float) -> Html:
    """Draw how often values fall into each of equal steps; heights are logarithmic.

    Args:
        counts: of each step, from ``low`` to ``high``.
        low: where the first step begins.
        high: where the last one ends.

    Returns:
        The drawing, with both ends below it.
    """
    heights = np.log1p(np.asarray(counts, np.float64))
    heights = heights / max(heights.max(), 1e-9) * _HEIGHT
    step = _WIDTH / len(heights)
    bars = "".join(
        f'<rect x="{i * step:.1f}" y="{_HEIGHT - height:.1f}" width="{step:.1f}" '
        f'height="{height:.1f}"><title>{count}</title></rect>'
        for i, (height, count) in enumerate(zip(heights, counts, strict=True))
        if count
    )
    ends = (
        f'<text x="0" y="{_HEIGHT + 12}">{low:.3g}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 12}" text-anchor="end">{high:.3g}</text>'
    )
    return Html(
        f'<svg width="{_WIDTH}" height="{_HEIGHT + 16}" font-size="11" fill="{BLUE}">{bars}'
        f'<g fill="#555">{ends}</g></svg>'
    )
