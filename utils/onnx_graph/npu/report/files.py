"""The files of a check, all of them or none."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from prepostprocess.files import replacing
from utils.onnx_graph.file import check_target
from utils.onnx_graph.npu.report.html import to_html
from utils.onnx_graph.npu.report.text import Report, to_json


def write_reports(
    reports: Mapping[str, Report], source: Path, json_file: Path | None, html_file: Path | None
) -> None:
    """Write what was asked for, a file each report.

    Args:
        reports: what is added to a file's name, to the report.
        source: what was checked; no file may take its place.
        json_file: every verdict for programs, or None.
        html_file: a page with a coloured graph, or None.

    Raises:
        ValueError: a place where no file can be written.
        OSError: a file cannot be written.
    """
    texts = {}
    for suffix, report in reports.items():
        if json_file:
            path = json_file.with_stem(json_file.stem + suffix)
            texts[path] = json.dumps(to_json(report), indent=1) + "\n"
        if html_file:
            texts[html_file.with_stem(html_file.stem + suffix)] = to_html(report)
    for path in texts:
        check_target(path, source)
    with ExitStack() as stack:
        for path, text in texts.items():
            stack.enter_context(replacing(path)).write_text(text, encoding="utf-8")
