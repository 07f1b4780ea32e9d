"""The sets of a data file (utils/own_data/)."""

from pathlib import Path

from utils.dataset_check.faults import NOTE, Fault
from utils.doctor.every_check import LabelFiles
from utils.doctor.overlap import check_overlap
from utils.own_data.data_file import read_own_data


def own_sets(
    path: Path, category: str | None, visible_above: float | None, open_images: bool
) -> tuple[list[LabelFiles], list[Fault]]:
    """Find the sets that a data file describes.

    Args:
        path: the data file.
        category: name or id of the person's category; None: the file's word.
        visible_above: a visibility above it is a label; None admits 0, 1, 2 (and -1 as 0).
        open_images: name the images' folders too, and look for images in both sets.

    Returns:
        Each set once; what the file left open, and what its sets share.

    Raises:
        ParamsError: a fault in the file.
    """
    data = read_own_data(path)
    faults = [Fault("assumed", NOTE, str(path), remark.rstrip(".")) for remark in data.remarks]
    trained_on = {each.annotations for each in data.train}
    if open_images and data.val.annotations not in trained_on:  # one set for both is meant so
        train = [(each.annotations, each.images) for each in data.train]
        faults += check_overlap(train, data.val.annotations, data.val.images)
    sets = {
        each.annotations: LabelFiles(
            each.annotations,
            each.images if open_images else None,
            each.detections,
            category=category or data.category,
            visible_above=visible_above,
            keypoint_names=data.joints.names,
            is_trained_on=each is not data.val,
        )
        for each in (*data.train, data.val)
    }
    return list(sets.values()), faults
