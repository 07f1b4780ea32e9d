"""The answers of YOLOv8, YOLO11 and networks without suppression, as person boxes.

They have no objectness: a box's score is its class's. Boxes are in network input pixels, and the
input is prepared as for Ultralytics' YOLOv5 (``yolov5.letterbox_ultralytics``).
"""

import numpy as np


def decode_columns(
    output: np.ndarray, person_class: int, conf_threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pick the columns that may be a person.

    Args:
        output: float32 (1, 4 + C + more, N): centre x and y, width, height, C class scores, and
            whatever follows, such as keypoints.
        person_class: index of the class, 0..C-1.
        conf_threshold: the class's score must be above it.
    Returns: boxes, float32 (M, 4), left, top, right, bottom in network input pixels; scores,
        float32 (M,).
    Source: ultralytics v8 ``utils/ops.py`` ``non_max_suppression``.
    """
    scores = output[0, 4 + person_class]
    chosen = scores > conf_threshold
    picked = output[0, :4, chosen]  # (M, 4): NumPy puts the chosen axis first
    center, half = picked[:, :2], picked[:, 2:] * np.float32(0.5)
    return np.concatenate([center - half, center + half], axis=1), scores[chosen]


def decode_end_to_end(
    output: np.ndarray, person_class: int, conf_threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pick the people of a network that has suppressed already.

    Args:
        output: float32 (1, N, 6): left, top, right, bottom, score, class.
        person_class: index of the class.
        conf_threshold: the score must be above it.
    Returns: boxes, float32 (M, 4), left, top, right, bottom in network input pixels; scores,
        float32 (M,).
    Source: ultralytics' exports with ``nms=True``, YOLOv10.
    """
    rows = output[0]
    chosen = (rows[:, 4] > conf_threshold) & (np.rint(rows[:, 5]) == person_class)
    return rows[chosen, :4], rows[chosen, 4]
