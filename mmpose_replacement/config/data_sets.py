"""The annotation files that a config reads, and how it reads them."""

from pathlib import Path

from mmengine.config import Config

from models.export.metadata import keypoints_of
from utils.config_reader.read import mappings


def label_sets(config: Config, *, open_images: bool) -> dict[Path, dict]:
    """Find the COCO annotation files of a config's training, validation and test sets.

    Args:
        config: the config.
        open_images: name their folders too.

    Returns:
        Each file once, with the arguments of ``check_data_set``.

    Raises:
        ValueError: there is none.
    """
    found: dict[Path, dict] = {}
    for part in ("train", "val", "test"):
        for data in mappings(config.get(f"{part}_dataloader") or {}):
            if data.get("type") != "KneronCocoDataset":
                continue
            root = Path(data.get("data_root") or "")
            found[root / data["ann_file"]] = {
                "images": root / data["data_prefix"]["img"] if open_images else None,
                "detections": None,
                "category": data.get("category"),
                "visible_above": data.get("visible_above"),
                "keypoint_names": keypoints_of(config),
            }
    if not found:
        raise ValueError(
            f"{config.filename}: config must read COCO annotations (KneronCocoDataset), got none. "
            "Name an annotation file."
        )
    return found
