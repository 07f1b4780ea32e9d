"""COCO's 17 body keypoints: names, mirror pairs, skeleton, OKS constants.

The name `dataset_info` is mmpose's: its own data sets look for this file by this path first.
Source: cocodataset.org/#keypoints-eval for the order and the constants (sigmas); HRNet's code for
the keypoint weights, which apply only where `GenerateTarget` asks for them.
"""

LEFT, RIGHT, MIDDLE = [255, 140, 0], [0, 150, 255], [90, 220, 90]  # RGB, as in our own drawings

dataset_info = dict(
    dataset_name="coco",
    keypoint_info={
        0: dict(name="nose", id=0, color=MIDDLE, type="upper", swap=""),
        1: dict(name="left_eye", id=1, color=LEFT, type="upper", swap="right_eye"),
        2: dict(name="right_eye", id=2, color=RIGHT, type="upper", swap="left_eye"),
        3: dict(name="left_ear", id=3, color=LEFT, type="upper", swap="right_ear"),
        4: dict(name="right_ear", id=4, color=RIGHT, type="upper", swap="left_ear"),
        5: dict(name="left_shoulder", id=5, color=LEFT, type="upper", swap="right_shoulder"),
        6: dict(name="right_shoulder", id=6, color=RIGHT, type="upper", swap="left_shoulder"),
        7: dict(name="left_elbow", id=7, color=LEFT, type="upper", swap="right_elbow"),
        8: dict(name="right_elbow", id=8, color=RIGHT, type="upper", swap="left_elbow"),
        9: dict(name="left_wrist", id=9, color=LEFT, type="upper", swap="right_wrist"),
        10: dict(name="right_wrist", id=10, color=RIGHT, type="upper", swap="left_wrist"),
        11: dict(name="left_hip", id=11, color=LEFT, type="lower", swap="right_hip"),
        12: dict(name="right_hip", id=12, color=RIGHT, type="lower", swap="left_hip"),
        13: dict(name="left_knee", id=13, color=LEFT, type="lower", swap="right_knee"),
        14: dict(name="right_knee", id=14, color=RIGHT, type="lower", swap="left_knee"),
        15: dict(name="left_ankle", id=15, color=LEFT, type="lower", swap="right_ankle"),
        16: dict(name="right_ankle", id=16, color=RIGHT, type="lower", swap="left_ankle"),
    },
    skeleton_info={
        0: dict(link=("left_ankle", "left_knee"), id=0, color=LEFT),
        1: dict(link=("left_knee", "left_hip"), id=1, color=LEFT),
        2: dict(link=("right_ankle", "right_knee"), id=2, color=RIGHT),
        3: dict(link=("right_knee", "right_hip"), id=3, color=RIGHT),
        4: dict(link=("left_hip", "right_hip"), id=4, color=MIDDLE),
        5: dict(link=("left_shoulder", "left_hip"), id=5, color=MIDDLE),
        6: dict(link=("right_shoulder", "right_hip"), id=6, color=MIDDLE),
        7: dict(link=("left_shoulder", "right_shoulder"), id=7, color=MIDDLE),
        8: dict(link=("left_shoulder", "left_elbow"), id=8, color=LEFT),
        9: dict(link=("right_shoulder", "right_elbow"), id=9, color=RIGHT),
        10: dict(link=("left_elbow", "left_wrist"), id=10, color=LEFT),
        11: dict(link=("right_elbow", "right_wrist"), id=11, color=RIGHT),
        12: dict(link=("left_eye", "right_eye"), id=12, color=MIDDLE),
        13: dict(link=("nose", "left_eye"), id=13, color=MIDDLE),
        14: dict(link=("nose", "right_eye"), id=14, color=MIDDLE),
        15: dict(link=("left_eye", "left_ear"), id=15, color=MIDDLE),
        16: dict(link=("right_eye", "right_ear"), id=16, color=MIDDLE),
        17: dict(link=("left_ear", "left_shoulder"), id=17, color=MIDDLE),
        18: dict(link=("right_ear", "right_shoulder"), id=18, color=MIDDLE),
    },
    joint_weights=[1.0] * 7 + [1.2, 1.2, 1.5, 1.5, 1.0, 1.0, 1.2, 1.2, 1.5, 1.5],
    sigmas=[0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072]
    + [0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089],
)
del LEFT, RIGHT, MIDDLE
