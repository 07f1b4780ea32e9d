"""Read frames from a video or a camera, write frames to a video, as RGB."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

_USUAL_RATE = 25.0  # frames a second, of a camera or a file that does not say
_MISSING_SHARE = 0.02  # containers that estimate their length are off by less


class VideoReader:
    """The frames of a video.

    Args:
        source: a file, or a camera's number.

    Attributes:
        rate: frames a second.
        length: how many frames the file says it has; 0 for a camera.
        num_read: how many were read so far.
    Raises: ValueError: it cannot be opened, or has no frame.
    """

    def __init__(self, source: str | int) -> None:
        self.source = source
        self._capture = cv2.VideoCapture(source)
        is_open, first = self._capture.read() if self._capture.isOpened() else (False, None)
        if not is_open:
            kind = "camera" if isinstance(source, int) else "video"
            raise ValueError(
                f"{source}: {kind} must be one that OpenCV reads, got no frame from it. "
                "Check that it plays."
            )
        self._first = first
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if np.isfinite(rate) and 0 < rate <= 1000 else _USUAL_RATE
        length = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.length = 0 if isinstance(source, int) else max(length, 0)
        self.num_read = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the frames, uint8 (H, W, 3), RGB."""
        frame = self._first
        try:
            while frame is not None:
                self.num_read += 1
                yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                is_read, frame = self._capture.read()
                frame = frame if is_read else None
        finally:
            self._capture.release()

    @property
    def ended_early(self) -> bool:
        """Whether clearly fewer frames were read than the file says it has."""
        return self.num_read < self.length * (1 - _MISSING_SHARE) - 1


class VideoWriter:
    """A video file that takes frames of one size.

    Args:
        path: ``.mp4``, ``.avi``, ``.mkv`` or ``.mov``.
        rate: frames a second.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self.path, self.rate = path, rate
        self._writer: cv2.VideoWriter | None = None

    def write(self, frame: np.ndarray) -> None:
        """Add a frame, uint8 (H, W, 3), RGB.

        Raises: ValueError: the file cannot be written.
        """
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            code = "MJPG" if self.path.suffix.lower() == ".avi" else "mp4v"
            size_wh = (frame.shape[1], frame.shape[0])
            self._writer = cv2.VideoWriter(
                str(self.path), cv2.VideoWriter_fourcc(*code), self.rate, size_wh
            )
            if not self._writer.isOpened():
                raise ValueError(
                    f"{self.path}: --save-path must be a video that OpenCV writes, got one that it "
                    "does not. Use a name that ends in .mp4 or .avi."
                )
        self._writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.release()
