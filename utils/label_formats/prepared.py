"""What training reads: annotations of two parts, and the file that describes them."""

import json
import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from prepostprocess.files import replacing
from utils.dataset_check.faults import name_some
from utils.label_formats.labelled import is_held_out, to_annotations
from utils.label_formats.readers import LabelSet
from utils.own_data.data_file import check_keypoint_names


def write_data_set(labels: LabelSet, output: Path, share: float) -> list[str]:
    """Write train.json, val.json and data.yaml: all of them or none.

    Args:
        labels: to be written.
        output: the folder.
        share: 0..1, of images that are held out for validation; without any, both parts are all.

    Returns:
        What was written, a line each.

    Raises:
        ValueError: nothing is left to train on, keypoints that training would refuse, or a file
            that would take the place of one that was read.
        OSError: a file cannot be written.
    """
    if faults := check_keypoint_names(labels.names):
        raise ValueError(
            f"keypoints must be what training takes, got {name_some(faults)}. Name them anew with "
            "--keypoints, or in merge's file; some of them may be labelled nowhere."
        )
    images: dict[str, list] = {"train": [], "val": []}
    for image in labels.images:
        images["val" if is_held_out(image.name, share) else "train"].append(image)
    if not images["train"]:
        raise ValueError(
            f"--split must leave images to train on, got {share} of {len(labels.images)}: all are "
            "held out. Take a smaller share."
        )
    told = []
    if not images["val"]:
        images["val"] = images["train"]
        told.append("no image is held out: val.json is train.json, AP says nothing of other images")
    folder, lines = os.path.relpath(labels.folder, output.resolve()), []
    quoted = json.dumps(folder, ensure_ascii=max(folder) <= "\uffff")  # YAML joins no surrogates
    files = {}
    for part, chosen in images.items():
        content = to_annotations(chosen, labels.names)
        files[f"{part}.json"] = json.dumps(content) + "\n"
        lines.append(f"{part}: {{annotations: {part}.json, images: {quoted}}}")
        told.append(f"{part}.json: {len(content['annotations'])} people on {len(chosen)} images")
    lines.append(f"keypoints: {json.dumps(list(labels.names), ensure_ascii=False)}")
    files["data.yaml"] = "\n".join(lines) + "\n"
    _spare(labels.sources, [output / name for name in files])
    with ExitStack() as all_or_none:
        for name, text in files.items():
            temporary = all_or_none.enter_context(replacing(output / name))
            temporary.write_text(text, encoding="utf-8")
    return told


def _spare(sources: Iterable[Path], targets: Iterable[Path]) -> None:
    """Refuse to write over labels that were read, or over what lies in a folder of them."""
    read = {source.resolve() for source in sources}
    for path in targets:
        if path.exists() and read & {path.resolve(), *path.resolve().parents}:
            raise ValueError(
                f"{path}: --output must not take the place of labels that are read. Name another "
                "folder."
            )
