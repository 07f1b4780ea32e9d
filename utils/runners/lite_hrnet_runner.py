"""Run a heatmap network on people's crops, many at a time, and read the keypoints off."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from prepostprocess.keypoints.decode import decode_heatmaps
from prepostprocess.keypoints.flip import average_views, flip_back
from prepostprocess.preprocess import network_input
from utils.errors import NetworkError
from utils.params import ParamsError, load_params
from utils.runners.batch_choice import BatchChoice
from utils.runners.onnx_session import OnnxSession
from utils.runners.pose_params import LiteHrnetParams, RsnAffineParams, load_lite_hrnet_params
from utils.runners.pose_spec import PoseSpec, make_spec


class LiteHrnetRunner:
    """Crops in, keypoints in crop pixels out; safe to call from several threads.

    Args:
        session: the pose network.
        spec: what it needs.
        params: flip test and batch size.
    Raises: ParamsError: a batch size that the file does not allow.
    """

    def __init__(self, session: OnnxSession, spec: PoseSpec, params: LiteHrnetParams) -> None:
        self.session, self.spec, self.params = session, spec, params
        if params.batch_size and session.batch not in (None, params.batch_size):
            raise ParamsError(
                f"{params.source}: batch_size must be {session.batch} as in {session.path.name}, "
                f"got {params.batch_size}. Leave it out, or export with a dynamic batch."
            )
        self._choice = BatchChoice()

    def run(self, crops: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Find the keypoints of each crop.

        Args:
            crops: N of uint8 (h, w, 3), RGB, of the network input's size.
        Returns: keypoints, float32 (N, K, 2), xy in crop pixels; scores, float32 (N, K).
        """
        num_joints = len(self.spec.keypoint_names)
        if not len(crops):
            return np.zeros((0, num_joints, 2), np.float32), np.zeros((0, num_joints), np.float32)
        return decode_heatmaps(
            self.heatmaps(crops),
            self.spec.input_wh,
            self.spec.decoder,
            blur_kernel_size=self.spec.blur_kernel_size,
        )

    def prepare(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """Turn N crops, as ``run`` takes them, into what the network is fed.

        Returns: float32 (N, 3, h, w).
        """
        return network_input(np.stack(crops), self.spec.preprocess, self.spec.pixel_offset)

    def heatmaps(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """Compute the heatmaps, float32 (N, K, H, W), averaged with the mirror's if asked for."""
        if not self.params.flip_test:
            return self._forward(crops)
        mirrored = [crop[:, ::-1] for crop in crops]
        maps = self._forward([*crops, *mirrored])
        flipped = flip_back(maps[len(crops) :], self.spec.flip_indices, shift=not self.spec.udp)
        return average_views([maps[: len(crops)], flipped])

    def _forward(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """Send all crops through the network, in as large parts as the file allows and is good."""
        parts, start = [], 0
        fixed = self.params.batch_size or self.session.batch
        while start < len(crops):
            size = fixed or self._choice.choose(len(crops) - start)
            batch = self.prepare(crops[start : start + size])
            taken = len(batch)
            if self.session.batch and taken < self.session.batch:
                batch = np.pad(batch, [(0, self.session.batch - taken), (0, 0), (0, 0), (0, 0)])
            began = time.perf_counter()
            maps = self.session.run(batch)[0][:taken]
            if maps.ndim != 4 or maps.shape[:2] != (taken, len(self.spec.keypoint_names)):
                raise NetworkError(
                    f"{self.session.path}: heatmaps must be as the file announces them, "
                    f"{self.session.output_shapes[0]}, got {maps.shape}. Export it again."
                )
            parts.append(maps)
            self._choice.record(size, time.perf_counter() - began)
            start += taken
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def load(
    path: str | Path, affine: str | Path | None = None, threads: int | None = None
) -> LiteHrnetRunner:
    """Load a pose network; its ``spec`` says how ``RsnAffineRunner`` cuts people out for it.

    Args:
        path: YAML file, or the ONNX file itself where its metadata says the rest.
        affine: YAML file of the crop; None to take all from the network's metadata.
        threads: see ``OnnxSession``.

    Returns:
        The runner.

    Raises: ParamsError: a file that is missing, wrong, incomplete or contradicts another.
    """
    params = load_lite_hrnet_params(path)
    if affine is None:
        affine_params = RsnAffineParams(params.source)
    else:
        affine_params = load_params(affine, RsnAffineParams)
    session = OnnxSession(params.model_path, threads)
    return LiteHrnetRunner(session, make_spec(session, params, affine_params), params)
