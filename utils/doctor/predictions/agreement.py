"""How predictions agree with labels, and what is wrong with those that do not."""

from pathlib import Path

import numpy as np

from prepostprocess.keypoints.coco import COCO_SIGMAS, KEYPOINT_NAMES
from utils.dataset_check.coco_file import CocoFile
from utils.dataset_check.faults import ERROR, NOTE, Fault, error
from utils.doctor.poses import Poses
from utils.doctor.predictions.frames import find_frame
from utils.doctor.predictions.order import describe_order, find_order
from utils.doctor.predictions.pairs import all_pairs
from utils.doctor.predictions.results import Predictions, read_predictions
from utils.own_data.data_file import DEFAULT_SIGMA

_FAR = 0.2  # OKS below which predictions have nothing to do with the labels


def check_predictions(
    path: Path, file: CocoFile, poses: Poses, input_wh: tuple[int, int] | None
) -> list[Fault]:
    """Say why a metric finds few or none of the predictions right.

    Args:
        path: the predictions; see ``read_predictions``.
        file: the labels, without errors.
        poses: its people.
        input_wh: the network's, pixels; None: not known.

    Returns:
        Faults, and a note of how well they agree.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no JSON.
    """
    images, category = file.content["images"], file.category or {}
    predictions, faults = read_predictions(
        path, images, category.get("id", 1), poses.points.shape[1]
    )
    if predictions is None:
        return faults
    sizes = {image["id"]: (image["width"], image["height"]) for image in images}
    return faults + _judge(predictions, poses, sizes, input_wh, str(path))


def _judge(
    predictions: Predictions,
    poses: Poses,
    sizes: dict,
    input_wh: tuple[int, int] | None,
    path: str,
) -> list[Fault]:
    pairs = all_pairs(poses, predictions, sizes)
    if pairs is None:
        rule = "predictions must be on images with labelled people, got none"
        return [Fault("prediction-images", ERROR, path, rule, cure="Predict on others.")]
    frame = find_frame(pairs, input_wh)
    order = find_order(pairs, frame.found)
    known = dict(zip(KEYPOINT_NAMES, COCO_SIGMAS.tolist(), strict=True))
    names = poses.names or ("",) * len(order)
    sigmas = np.array([known.get(name, DEFAULT_SIGMA) for name in names])
    as_written = pairs.mean_of_best(pairs.similarity(pairs.found, sigmas))
    cured = pairs.mean_of_best(pairs.similarity(frame.found[:, order], sigmas))
    if cured < _FAR:  # an order that agrees as little is none
        order = np.arange(len(order))
    faults = []
    if frame.words:
        rule, count = "predictions must be in pixels of the photograph", len(predictions.scores)
        cause = f"They are {frame.words}."
        faults = [Fault("prediction-frame", ERROR, path, rule, count, (), cause, frame.cure)]
    cause, moved = describe_order(order, poses.names)
    rule = "predicted keypoints must be in the labels' order"
    places = ", ".join(map(str, order))
    cure = f"Take the predicted keypoints, counted from 0, in the order {places}."
    faults += error("prediction-order", path, rule, moved, cure, cause)
    if not faults and as_written < _FAR:
        rule = f"predictions must lie on labelled people, got a mean OKS of {as_written:.2f}"
        cure = "Look at some: the network may not be trained, or its input not be as in training, "
        cure += "or the images be others of the same numbers."
        return [Fault("prediction-far", ERROR, path, rule, cure=cure)]
    people = int(pairs.of_person[-1]) + 1
    told = f"mean OKS of the closest predictions of {people} people is {as_written:.2f}"
    told += f", and would be {cured:.2f} cured" if faults else ""
    return [*faults, Fault("prediction-agreement", NOTE, path, told)]
