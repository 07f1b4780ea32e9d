"""Photograph to people: the detector, the crop and the pose network behind one call.

Example:
    pipeline = load_pipeline("yolov5.yaml", "rsn_affine.yaml", "lite_hrnet.yaml")
    people = pipeline(load_rgb("photo.jpg"))
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from prepostprocess.keypoints.person_score import person_scores
from prepostprocess.preprocess import keypoints_to_image
from utils.people import Detections, People
from utils.runners import lite_hrnet_runner, yolov5_runner
from utils.runners.lite_hrnet_runner import LiteHrnetRunner
from utils.runners.pose_spec import PoseSpec
from utils.runners.rsn_affine_runner import RsnAffineRunner
from utils.runners.yolov5_runner import Yolov5Runner


class PosePipeline:
    """Image in, people out; safe to call from several threads.

    Args:
        detector: finds the boxes; None where they always come from elsewhere.
        affine: cuts people out.
        pose: finds their keypoints.
    """

    def __init__(
        self, detector: Yolov5Runner | None, affine: RsnAffineRunner, pose: LiteHrnetRunner
    ) -> None:
        self.detector, self.affine, self.pose = detector, affine, pose

    @property
    def spec(self) -> PoseSpec:
        """What the pose network needs and gives."""
        return self.pose.spec

    def __call__(self, image: np.ndarray, boxes_xywh: np.ndarray | None = None) -> People:
        """Find the people in an image.

        Args:
            image: uint8 (H, W, 3), RGB.
            boxes_xywh: (N, 4), left, top, width, height in source pixels, instead of the
                detector's.
        Returns: the people.
        Raises: ValueError: not such an image or boxes, or neither boxes nor a detector.
        """
        found = self.detect(image) if boxes_xywh is None else Detections.of(boxes_xywh)
        return self.estimate([image], [found])[0]

    def detect(self, image: np.ndarray) -> Detections:
        """Find the boxes only."""
        if self.detector is None:
            raise ValueError(
                "boxes_xywh must be given without a detector, got none. Load one, or pass boxes."
            )
        return self.detector.run(image)

    def estimate(
        self, images: Sequence[np.ndarray], detections: Sequence[Detections]
    ) -> list[People]:
        """Find the keypoints in the boxes of several images, all crops together in batches.

        Args:
            images: M of uint8 (H, W, 3), RGB.
            detections: M, the boxes of each.
        Returns: M, the people of each.
        """
        crops = [
            self.affine.run(image, found.boxes_xywh)
            for image, found in zip(images, detections, strict=True)
        ]
        flat = [crop for of_image in crops for crop in of_image]
        keypoints, scores = self.pose.run([crop.image for crop in flat])
        if flat:
            centers = np.stack([crop.center_xy for crop in flat])[:, None]
            scales = np.stack([crop.scale_wh for crop in flat])[:, None]
            keypoints = keypoints_to_image(keypoints, centers, scales, self.spec.input_wh)
        ends = np.cumsum([len(of_image) for of_image in crops])[:-1]
        parts = zip(
            np.split(keypoints.astype(np.float32), ends), np.split(scores, ends), strict=True
        )
        threshold = self.pose.params.kpt_thr
        return [
            People(
                found.boxes_xywh,
                found.scores,
                points,
                point_scores,
                person_scores(found.scores, point_scores, threshold),
            )
            for found, (points, point_scores) in zip(detections, parts, strict=True)
        ]


def load_pipeline(
    yolov5: str | Path | None,
    rsn_affine: str | Path | None,
    lite_hrnet: str | Path,
    *,
    threads: int | None = None,
) -> PosePipeline:
    """Load the runners.

    Args:
        yolov5: YAML file, or the detector's ONNX file itself (then with the defaults); None for no
            detector.
        rsn_affine: YAML file; None to take all from the pose network's metadata.
        lite_hrnet: YAML file, or the ONNX file itself where its metadata says the rest.
        threads: that share one forward pass; None: OMP_NUM_THREADS, or else one a core.
    Returns: the pipeline.
    Raises: ParamsError: a file that is missing, wrong, incomplete or contradicts another.
    """
    pose = lite_hrnet_runner.load(lite_hrnet, rsn_affine, threads)
    detector = None if yolov5 is None else yolov5_runner.load(yolov5, threads)
    return PosePipeline(detector, RsnAffineRunner(pose.spec), pose)
