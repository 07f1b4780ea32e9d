"""From ``--teacher FILE`` to a config that learns from it."""

from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config

from mmpose_replacement.config.hooks import add_hook
from mmpose_replacement.data.regions import take_unlabelled
from mmpose_replacement.teacher.network import Teacher, read_teacher
from models.export.metadata import keypoints_of
from prepostprocess.preprocess import get_preprocess
from utils.config_reader.read import mappings

CROP, PACK = "KneronTopdownAffine", "KneronPackTraining"


def add_teacher(config: Config, path: Path) -> None:
    """Write a teacher into a training config.

    The student then sees people without labels too, the config's ``random_regions`` and
    ``mixed_crops``, and the crops of a teacher of another size.

    Args:
        config: changed in place.
        path: checkpoint or ONNX file.

    Raises:
        ValueError: the teacher does not go with the config's network.
    """
    teacher = read_teacher(path)
    names = keypoints_of(config)
    _check_fits(config, teacher, names)
    data = config.train_dataloader
    pipelines = [steps for steps in _lists(data) if CROP in _types(steps)]
    if not pipelines or any(PACK not in _types(steps) for steps in pipelines):
        raise ValueError(
            f"{config.filename}: --teacher needs {CROP} and {PACK} in train_pipeline, as shipped "
            "configs have them. Take them over."
        )
    if view := _view(config, teacher):
        for steps in pipelines:
            steps.insert(_types(steps).index(CROP), dict(view))
    take_unlabelled(data, config.get("random_regions", 0), config.codec.input_size)
    mixed = config.get("mixed_crops", 0.0)
    add_hook(config, "TeacherHook", file=str(path), keypoint_names=names, mixed_crops=mixed)


def _check_fits(config: Config, teacher: Teacher, names: tuple[str, ...]) -> None:
    theirs = teacher.notes.keypoint_names
    if set(theirs) != set(names) or len(theirs) != len(names):
        odd = sorted(set(theirs) ^ set(names)) or ["the number of joints"]
        raise ValueError(
            f"{teacher.path}: teacher must have the config's {len(names)} joints, got "
            f"{len(theirs)}; they differ in {', '.join(odd[:4])}. Teach with another network."
        )
    (width, height), (its_width, its_height) = config.codec.input_size, teacher.notes.input_wh
    if width * its_height != height * its_width:
        raise ValueError(
            f"{teacher.path}: teacher's input must have the config's aspect, {width}x{height}, got "
            f"{its_width}x{its_height} (width x height). Teach with a network of the same aspect."
        )
    if (config.codec.decoder == "udp") != teacher.uses_udp:
        raise ValueError(
            f"{teacher.path}: teacher's heatmaps must be on the config's grid, but only one of the "
            "two uses UDP's. Set codec.decoder."
        )


def _view(config: Config, teacher: Teacher) -> dict | None:
    """Name the transform that the teacher's crops need; None: they are the student's."""
    ours, theirs = config.model.data_preprocessor.preprocess, teacher.notes.preprocess
    is_same = (
        tuple(config.codec.input_size) == tuple(teacher.notes.input_wh)
        and get_preprocess(ours).hardware == get_preprocess(theirs).hardware
    )
    if is_same:
        return None
    return {
        "type": "KneronTeacherView",
        "input_size": tuple(teacher.notes.input_wh),
        "preprocess": theirs,
        "use_udp": teacher.uses_udp,
    }


def _lists(value: object) -> Iterator[list]:
    """Yield every list that a mapping in nested lists and mappings holds."""
    for mapping in mappings(value):
        yield from (inner for inner in mapping.values() if isinstance(inner, list))


def _types(steps: list) -> list[str]:
    return [step.get("type") if isinstance(step, dict) else None for step in steps]
