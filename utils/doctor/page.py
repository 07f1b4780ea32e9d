"""What was found, as a page that stands alone; with pictures where images are at hand."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from prepostprocess.files import write_whole
from utils.dataset_check.faults import ERROR, NOTE, WARNING, Fault
from utils.doctor.every_check import DataSet, LabelFiles
from utils.doctor.gallery import Gallery
from utils.pages.page import Html, cards, document, heading, paragraph, pictures, table

_COLOURS = {ERROR: "#c62828", WARNING: "#b26a00", NOTE: "#607d8b"}
_STYLE = """
.level { color: #fff; border-radius: 4px; padding: 1px 7px; white-space: nowrap; }
td { overflow-wrap: anywhere; } th { white-space: nowrap; }
"""


def write_page(
    path: Path,
    title: str,
    sets: Sequence[LabelFiles],
    found: Sequence[DataSet],
    others: Sequence[Fault],
) -> None:
    """Write the page.

    Args:
        path: the HTML file.
        title: its headline.
        sets: what was checked.
        found: what was found, in each of them.
        others: faults of no set.

    Raises:
        OSError: the file cannot be written.
    """
    parts = [_fault_table(others)] if others else []
    for data, result in zip(sets, found, strict=True):
        parts += _parts(data, result)
    write_whole(path, document(title, parts, _STYLE))


def _parts(data: LabelFiles, result: DataSet) -> Iterator[Html]:
    levels = [fault.level for fault in result.faults]
    yield heading(f"{data.labels}: {result.verdict}")
    yield cards(
        [
            ("people", result.people),
            ("images", result.images),
            ("kinds of errors", levels.count(ERROR)),
            ("kinds of warnings", levels.count(WARNING)),
        ]
    )
    yield _fault_table(result.faults) if result.faults else paragraph("Nothing was found.")
    if data.images is None:
        yield paragraph("Pictures of examples need the images: --images DIR, or --open-images.")
        return
    gallery = Gallery(data, result.content)
    for fault in result.faults:
        examples = list(gallery.examples(fault))
        if examples:
            yield heading(f"{fault.level}: {fault.rule}")
            yield pictures(examples)


def _fault_table(faults: Sequence[Fault]) -> Html:
    rows = [
        (
            Html(f'<span class="level" style="background:{_COLOURS[f.level]}">{f.level}</span>'),
            f.rule,
            f.count or "",
            "; ".join(f.examples),
            f.cause,
            f.cure,
        )
        for f in faults
    ]
    return table(("level", "rule", "cases", "examples", "likely cause", "cure"), rows)
