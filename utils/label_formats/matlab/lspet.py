"""Leeds Sports Pose, Extended and the smaller one before it: ``joints.mat``, a person an image."""

from pathlib import Path

import numpy as np

from utils.label_formats.labelled import LabelledImage, LabelledPerson, sizes_of
from utils.label_formats.matlab.mat_file import load_mat

LSP_NAMES = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("right_wrist", "right_elbow", "right_shoulder"),
    *("left_shoulder", "left_elbow", "left_wrist", "neck", "head_top"),
)


def read_lspet(path: Path, folder: Path) -> list[LabelledImage]:
    """Read both forms, which say different things by their third number.

    Extended, 14x3xN: 1 labelled, 0 not. The smaller set, 3x14xN: 1 hidden, 0 visible.

    Args:
        path: ``joints.mat``.
        folder: of im00001.jpg and so on (im0001.jpg in the smaller set).

    Returns:
        N images.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another file, or images that are missing or unreadable.

    Source: Johnson and Everingham, BMVC 2010 and CVPR 2011; what the third number says, as programs
        that read both sets agree.
    """
    purpose = "joints.mat of Leeds Sports Pose"
    joints = np.asarray(load_mat(path, "joints", purpose))
    joints = joints[..., None] if joints.ndim == 2 else joints  # of a single image
    extended = joints.shape[:2] == (14, 3)
    if (
        joints.ndim != 3
        or joints.dtype.kind not in "fiu"
        or not (extended or joints.shape[:2] == (3, 14))
    ):
        raise ValueError(
            f"{path}: it must be {purpose}, with numbers 14x3xN or 3x14xN, got "
            f"{joints.dtype} {'x'.join(map(str, joints.shape))}. Use the file as it was published."
        )
    people = joints.transpose(2, 0, 1) if extended else joints.transpose(2, 1, 0)
    flags = people[..., 2] != 0
    seen = np.where(flags, 2, 0) if extended else np.where(flags, 1, 2)
    digits = 5 if extended else 4
    names = [f"im{number:0{digits}d}.jpg" for number in range(1, len(people) + 1)]
    sizes = sizes_of(path, folder, names)
    found = []
    for name, size, rows, visibility in zip(names, sizes, people, seen, strict=True):
        points = {
            joint: (float(x), float(y), int(v))
            for joint, (x, y, _), v in zip(LSP_NAMES, rows, visibility, strict=True)
            if v
        }
        found.append(LabelledImage(name, size, (LabelledPerson(points),)))
    return found
