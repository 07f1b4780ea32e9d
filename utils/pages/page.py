"""The pieces of a page: document, tables, pictures. Text is escaped where it enters."""

import html
from base64 import b64encode
from collections.abc import Iterable, Sequence

import numpy as np

from prepostprocess.save_image import encode_rgb

STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 24px auto; max-width: 1180px;
  padding: 0 16px; color: #1b1b1b; background: #fff; }
h1 { font-size: 22px; margin-bottom: 4px; } h2 { font-size: 17px; margin-top: 32px; }
table { border-collapse: collapse; margin: 8px 0; }
th, td { border: 1px solid #d5d5d5; padding: 3px 8px; text-align: left; vertical-align: top; }
th { background: #f4f4f4; font-weight: 600; }
td { overflow-wrap: anywhere; } td.n, th { overflow-wrap: normal; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.scroll { overflow: auto; max-height: 80vh; border: 1px solid #d5d5d5; }
.cards { display: flex; flex-wrap: wrap; gap: 12px; margin: 16px 0; }
.card { border: 1px solid #d5d5d5; border-radius: 6px; padding: 8px 16px; min-width: 88px; }
.card b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; }
.pictures { display: flex; flex-wrap: wrap; gap: 12px; }
figure { margin: 0; } figure img { display: block; max-width: 100%; }
figcaption { font-size: 12px; color: #555; padding: 2px 0; }
pre { background: #f7f7f7; padding: 12px; overflow: auto; max-height: 60vh; font-size: 12px; }
summary { cursor: pointer; font-size: 17px; font-weight: 600; margin-top: 24px; }
.bar { display: flex; width: 260px; height: 14px; margin: 3px 0; background: #f0f0f0; }
.key { display: inline-block; width: 12px; height: 12px; margin: 0 4px 0 14px; }
"""


class Html(str):
    """Text that is HTML already, and goes into a page as it is."""


def escaped(value: object) -> Html:
    """Turn anything into HTML that shows it."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def document(title: str, parts: Iterable[str], style: str = "") -> str:
    """Put a page together.

    Args:
        title: its headline.
        parts: its pieces, from above to below.
        style: CSS besides that of all pages.

    Returns:
        The file's text.
    """
    head = f"<title>{escaped(title)}</title><style>{STYLE}{style}</style>"
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            f'<meta name="viewport" content="width=device-width">{head}</head><body>',
            f"<h1>{escaped(title)}</h1>",
            *(escaped(part) for part in parts),
            "</body></html>\n",
        ]
    )


def heading(text: str) -> Html:
    """Open a section."""
    return Html(f"<h2>{escaped(text)}</h2>")


def paragraph(text: str) -> Html:
    """Say something."""
    return Html(f"<p>{escaped(text)}</p>")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    """Lay out rows; numbers stand to the right.

    Args:
        header: a title for each column.
        rows: a cell for each column: a number (floats get three digits after the point), ``Html``
            or anything that has a text.

    Returns:
        The table.
    """
    head = "".join(f"<th>{escaped(title)}</th>" for title in header)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in rows)
    return Html(f"<table><tr>{head}</tr>\n{body}</table>")


def cards(figures: Iterable[tuple[str, object]]) -> Html:
    """Show what matters most: a few large figures, each with its name."""
    shown = "".join(
        f'<div class="card"><b>{_number(value)}</b>{escaped(name)}</div>' for name, value in figures
    )
    return Html(f'<div class="cards">{shown}</div>')


def folded(title: str, text: str) -> Html:
    """Hide a long text behind its title.

    Args:
        title: what is seen.
        text: plain text, its lines kept.

    Returns:
        The piece, closed.
    """
    return Html(f"<details><summary>{escaped(title)}</summary><pre>{escaped(text)}</pre></details>")


def picture(pixels: np.ndarray | bytes, caption: str = "") -> Html:
    """Show an image with a line below it.

    Args:
        pixels: uint8 (H, W, 3), RGB; or a PNG file's content.
        caption: the line; also what is read to those who do not see the image.

    Returns:
        The figure, its pixels inside.
    """
    if isinstance(pixels, bytes):
        kind, data = "png", pixels
    else:
        kind, data = "jpeg", encode_rgb(pixels, ".jpg", jpeg_quality=88)
    source = f"data:image/{kind};base64,{b64encode(data).decode()}"
    line = f"<figcaption>{escaped(caption)}</figcaption>" if caption else ""
    return Html(f'<figure><img src="{source}" alt="{escaped(caption)}">{line}</figure>')


def pictures(figures: Iterable[Html]) -> Html:
    """Put figures side by side, as many in a row as there is room for."""
    return Html(f'<div class="pictures">{"".join(figures)}</div>')


def _cell(value: object) -> str:
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return f'<td class="n">{_number(value)}</td>' if is_number else f"<td>{escaped(value)}</td>"


def _number(value: object) -> Html:
    if isinstance(value, (float, np.floating)):
        return Html("–" if np.isnan(value) else f"{value:.3f}")
    return escaped(f"{value:,}" if isinstance(value, (int, np.integer)) else value)
