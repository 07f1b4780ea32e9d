"""Where labels are, and in which form."""

from dataclasses import dataclass
from pathlib import Path

LABEL_FORMATS = ("coco", "mpii", "lspet", "cvat", "labelme", "label-studio", "yolo-pose", "csv")


@dataclass(frozen=True)
class LabelSource:
    """Labels and what belongs to them.

    Attributes:
        format: one of ``LABEL_FORMATS``.
        labels: the file or folder.
        images: folder of the images.
        keypoints: names in their order; needed where the files hold none.
        category: name or id of the people, in a COCO file of several categories.
    """

    format: str
    labels: Path
    images: Path
    keypoints: tuple[str, ...] | None = None
    category: str | int | None = None
