"""What a training sees, as images for people: labels, augmented inputs, target heatmaps."""

import contextlib
import copy
import io

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import KEYPOINT_CODECS

from mmpose_replacement.data.batching import kneron_collate
from mmpose_replacement.data.draws import RepeatableDataset, seeded
from mmpose_replacement.data.regions import take_unlabelled
from mmpose_replacement.teacher.mixing import mix_batch
from models.export.metadata import colours_of, keypoints_of, links_of
from prepostprocess.crop.affine import apply_affine, crop_matrix, warp_crop
from prepostprocess.crop.box import box_to_center_scale
from utils.config_reader.read import mappings
from utils.drawing import draw_skeleton

HEIGHT = 320  # pixels of a drawn person
LINE_WIDTH = 2  # pixels
HEAT = 0.6  # share of the heatmap's colour


def training_views(config: Config, stage: str, count: int, seed: int) -> list[np.ndarray]:
    """Draw people from all over the training set.

    Args:
        config: the training config.
        stage: "raw": the person with its labels; "augmented": the same after augmentation;
            "input": the pixels that the network is fed; "target": these under the heatmaps that it
            is to give.
        count: how many.
        seed: of people and augmentation.

    Returns:
        uint8 (h, w, 3), RGB, of one size each.

    Raises:
        ValueError, FileNotFoundError: the data cannot be used.
    """
    init_default_scope(config.get("default_scope", "mmpose"))
    data = copy.deepcopy(config.train_dataloader.dataset)
    if number := config.get("random_regions"):
        take_unlabelled(data, number, config.codec.input_size)
    if stage == "raw":
        for each in mappings(data):
            each.pop("crop_cache", None)  # it gives parts of images, and labels are of the whole
            if "pipeline" in each:
                each["pipeline"] = [dict(type="KneronLoadImage", preprocess="float")]
    with contextlib.redirect_stdout(io.StringIO()), seeded(seed):  # the COCO reader's chatter
        people = RepeatableDataset(data)
        people.begin(seed, epoch=0)
        chosen = np.random.default_rng(seed).permutation(len(people))[:count]
        samples = [people[int(i)] for i in chosen]
    if stage != "raw" and (share := config.get("mixed_crops")):
        samples = _mixed(samples, share, seed)
    draw = {"raw": _raw, "augmented": _augmented, "input": _input, "target": _target}[stage]
    return [draw(sample, config) for sample in samples]


def _mixed(samples: list[dict], share: float, seed: int) -> list[dict]:
    """Mix the crops among one another, as a teacher's batches are mixed."""
    batch = kneron_collate(samples)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        mix_batch(batch, share)
    labels = batch["data_samples"]
    return [
        {"inputs": inputs, "data_samples": {key: labels[key][number] for key in labels}}
        for number, inputs in enumerate(batch["inputs"])
    ]


def _raw(sample: dict, config: Config) -> np.ndarray:
    width, height = config.codec.input_size
    size = round(HEIGHT * width / height), HEIGHT
    left, top, right, bottom = sample["bbox"][0]
    box = np.array([left, top, right - left, bottom - top])
    matrix = crop_matrix(*box_to_center_scale(box, size), size, 0.0)
    image = warp_crop(sample["img"], matrix, size)
    points = apply_affine(sample["keypoints"], matrix)[0]
    return _draw(image, points, sample["keypoints_visible"][0] > 0, config)


def _augmented(sample: dict, config: Config) -> np.ndarray:
    image, points, shown = _enlarged(sample)
    return _draw(image, points, shown, config)


def _input(sample: dict, config: Config) -> np.ndarray:
    return _enlarged(sample)[0]


def _target(sample: dict, config: Config) -> np.ndarray:
    image, _, _ = _enlarged(sample)
    labels = sample["data_samples"]
    codec = KEYPOINT_CODECS.build(config.codec)
    maps, _ = codec.encode_batch(labels["keypoints"][None], labels["keypoints_visible"][None])
    heat = maps[0].amax(dim=0).numpy()
    heat = cv2.resize(heat / max(heat.max(), 1e-6), (image.shape[1], image.shape[0]))
    colour = cv2.applyColorMap(np.uint8(255 * heat.clip(0, 1)), cv2.COLORMAP_INFERNO)[..., ::-1]
    share = HEAT * heat[..., None].clip(0, 1)
    return np.uint8(image * (1 - share) + colour * share)


def _enlarged(sample: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The crop at the drawings' height, its keypoints, and which of them are labelled."""
    pixels = np.ascontiguousarray(sample["inputs"].permute(1, 2, 0).numpy())
    factor = HEIGHT / pixels.shape[0]
    size = round(pixels.shape[1] * factor), HEIGHT
    image = cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST)
    labels = sample["data_samples"]
    points = labels["keypoints"].numpy() * factor + (factor - 1) / 2
    return image, points, labels["keypoints_visible"].numpy() > 0


def _draw(image: np.ndarray, points: np.ndarray, shown: np.ndarray, config: Config) -> np.ndarray:
    canvas = np.ascontiguousarray(image)
    names, links = keypoints_of(config), links_of(config)
    draw_skeleton(canvas, points, shown, names, LINE_WIDTH, links, colours_of(config))
    return canvas
