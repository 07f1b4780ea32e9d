"""Write a corrected copy of a file, or say in one line what cannot be cured."""

import json
from dataclasses import replace
from pathlib import Path

from prepostprocess.files import replacing
from utils.dataset_check.faults import ERROR, DatasetError
from utils.dataset_check.json_file import load_json
from utils.dataset_check.structure import check_structure
from utils.doctor.cures.frames import fix_frames
from utils.doctor.cures.numbers import fix_areas, fix_counts, fix_names, fix_shares, fix_visibility
from utils.doctor.every_check import LabelFiles, check_data_set


def write_cured(data: LabelFiles, output: Path) -> list[str]:
    """Cure what is beyond doubt, and write what is then without an error.

    Args:
        data: the labels; with images, their frames are cured too.
        output: the file to write, another one than the labels.

    Returns:
        What was done, a line each.

    Raises:
        ValueError: no JSON, the file itself as output, or faults that are left (DatasetError).
        FileNotFoundError: no such file.
    """
    if output.exists() and output.samefile(data.labels):
        raise ValueError(f"{output}: --fix must name another file, got the labels themselves.")
    content = load_json(data.labels, "a COCO keypoint file")
    faults = check_structure(content, str(data.labels), need_sizes=True)
    done = [] if any(fault.level == ERROR for fault in faults) else _cure(content, data)
    with replacing(output) as path:
        path.write_text(json.dumps(content), encoding="utf-8")
        cured = replace(data, labels=path, detections=None, predictions=None, visible_above=None)
        found = check_data_set(cured).faults
        left = [fault for fault in found if fault.level == ERROR]
        if left:
            first = replace(left[0], file=f"{data.labels}: not cured, and {output} not written")
            raise DatasetError([first])
    return [*done, f"{output}: written, without an error"]


def _cure(content: dict, data: LabelFiles) -> list[str]:
    """In this order: shares are of the stated size, areas of the moved boxes."""
    done = fix_names(content) + fix_visibility(content, data.visible_above) + fix_shares(content)
    if data.images is not None:
        done += fix_frames(content, data.images)
    return done + fix_areas(content) + fix_counts(content)
