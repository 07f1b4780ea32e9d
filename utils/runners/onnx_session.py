"""An ONNX file ready to run, with its shapes and the notes our exporter leaves in it."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from prepostprocess.metadata import FIXED_POINT
from utils.errors import NetworkError
from utils.params import ParamsError

FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_CANNOT_LOAD = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


class OnnxSession:
    """One network with one image-like input.

    Safe to run from several threads.

    Args:
        path: ONNX file.
        threads: that share one run; None: OMP_NUM_THREADS, or else one a core.

    Attributes:
        input_shape: (N, C, H, W) of the input; None where the file leaves a size open.
        output_shapes: of all outputs, likewise.
        metadata: the file's notes, text by key; see ``prepostprocess.metadata``.
    Raises: ParamsError: no such file, no ONNX, or more than one input.
    """

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise ParamsError(
                f"{path}: network must be an existing ONNX file, got none. Check the path."
            )
        try:
            self._session = open_session(self.path, threads=threads or _default_threads())
        except _CANNOT_LOAD as err:
            raise ParamsError(
                f"{path}: network must be an ONNX file that onnxruntime loads, got "
                f"{str(err).splitlines()[0]}. Export or copy it again."
            ) from err
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in FLOATS:
            shapes = [(value.type, value.shape) for value in inputs]
            raise ParamsError(
                f"{path}: network must have one float input of shape [N, 3, H, W], got {shapes}. "
                "Use a network for images."
            )
        self._input_name, self._kind = inputs[0].name, FLOATS[inputs[0].type]
        self.input_shape = _shape(inputs[0].shape)
        self.output_shapes = [_shape(value.shape) for value in self._session.get_outputs()]
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    @property
    def batch(self) -> int | None:
        """How many images a run takes; None for any number."""
        return self.input_shape[0]

    @property
    def input_wh(self) -> tuple[int, int] | None:
        """Input width and height in pixels; None where the file leaves one open."""
        height, width = self.input_shape[2:]
        return (width, height) if width and height else None

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        """Compute all outputs, in float32, of a float32 (N, C, H, W) batch.

        A network in half precision is fed with that.

        Raises: NetworkError: the file cannot be computed, or gives what is no number.
        """
        try:
            outputs = self._session.run(None, {self._input_name: batch.astype(self._kind)})
        except (*_CANNOT_LOAD, MemoryError) as err:
            why = str(err).splitlines()[0]
            raise NetworkError(
                f"{self.path}: network must run in onnxruntime, but {why:.200}. Export or copy it "
                "again."
            ) from err
        for output in outputs:
            if output.dtype.kind == "f" and not np.isfinite(output).all():
                raise NetworkError(
                    f"{self.path}: network must give finite numbers, got NaN or infinity. Its "
                    "weights are damaged: export or copy it again."
                )
        return [
            output.astype(np.float32) if output.dtype == np.float16 else output
            for output in outputs
        ]


def _default_threads() -> int:
    """OMP_NUM_THREADS (its first number), or 0: one a core."""
    first = os.environ.get("OMP_NUM_THREADS", "0").split(",")[0].strip()
    return int(first) if first.isdigit() else 0


def open_session(
    path: Path, *, threads: int = 0, providers: Sequence[str] = ("CPUExecutionProvider",)
) -> onnxruntime.InferenceSession:
    """Open a network; one in fixed point is run operator by operator, as it stands.

    Args:
        path: ONNX file.
        threads: that share one run; 0: onnxruntime's choice.
        providers: where to run it.

    Returns:
        The session.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Warnings are about the file, not for the user; errors are raised.
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=list(providers))
    if FIXED_POINT not in session.get_modelmeta().custom_metadata_map:
        return session
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _shape(shape: list) -> tuple[int | None, ...]:
    return tuple(size if isinstance(size, int) else None for size in shape)
