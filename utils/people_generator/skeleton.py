"""The articulated body: joint angles to three-dimensional joints, and their projection.

Body axes: x to the person's left, y up, z forward. Camera axes: x to the image's right, y up,
z towards the viewer; so a person who faces the camera has the left hand on the image's right.
Lengths are in body heights, and index 0 of a pair of limbs is the left one.
"""

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

BODY_SIDES = (1, -1)  # sign of x for the left and the right limb

# The head is an ellipsoid; points on it are given in units of its half axes.
FACE_POINTS = np.array(
    [[0, -0.12, 1.1], [0.4, 0.16, 0.9], [-0.4, 0.16, 0.9], [1.0, 0, -0.05], [-1.0, 0, -0.05]]
)


@dataclass(frozen=True)
class Proportions:
    """Bone lengths and half widths, in body heights."""

    spine: float = 0.295
    neck: float = 0.035
    shoulder: float = 0.108
    hip: float = 0.056
    upper_arm: float = 0.17
    forearm: float = 0.15
    hand: float = 0.05
    thigh: float = 0.245
    shin: float = 0.24
    foot: float = 0.1
    head_xyz: tuple[float, float, float] = (0.072, 0.1, 0.086)


@dataclass(frozen=True)
class Pose:
    """Joint angles in degrees.

    Attributes:
        kind: what the person does, one of `utils.people_generator.pose.KINDS`.
        yaw: turn about the vertical, 0 faces the camera, 90 faces the image's right.
        roll: rotation in the image plane, positive tips the head to the image's left.
        camera_pitch: how far the camera looks down.
        bend: float (3,), chest against pelvis: forward, sideways, twist.
        head: float (3,), head against chest: turn to the left, nod, tilt.
        arms: float (2, 4), flexion forward, abduction, twist, elbow; left arm first.
        legs: float (2, 4), flexion forward, abduction, twist, knee; left leg first.
    """

    kind: str
    yaw: float
    roll: float
    camera_pitch: float
    bend: np.ndarray
    head: np.ndarray
    arms: np.ndarray
    legs: np.ndarray


@dataclass(frozen=True)
class Body:
    """A posed body in camera axes, pelvis at the origin, in body heights.

    Attributes:
        keypoints: float (17, 3), the COCO keypoints.
        pelvis, chest, head: float (3, 3), columns are the part's axes (left, up, forward).
        neck, head_center: float (3,).
        hands, toes: float (2, 3), the far ends of hands and feet.
        head_axes: float (3,), half axes of the head.
    """

    keypoints: np.ndarray
    pelvis: np.ndarray
    chest: np.ndarray
    head: np.ndarray
    neck: np.ndarray
    head_center: np.ndarray
    hands: np.ndarray
    toes: np.ndarray
    head_axes: np.ndarray


def _rotation_x(angle_deg: float) -> np.ndarray:
    c, s = cos(radians(angle_deg)), sin(radians(angle_deg))
    return np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])


def _rotation_y(angle_deg: float) -> np.ndarray:
    c, s = cos(radians(angle_deg)), sin(radians(angle_deg))
    return np.array([[c, 0, s], [0, 1.0, 0], [-s, 0, c]])


def _rotation_z(angle_deg: float) -> np.ndarray:
    c, s = cos(radians(angle_deg)), sin(radians(angle_deg))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def _limb(
    parent: np.ndarray, angles: np.ndarray, side: int, hinge: int
) -> tuple[np.ndarray, np.ndarray]:
    """Frames of a limb's two bones; `hinge` is -1 for an elbow, which folds forward, 1 for a knee.

    A bone points along its frame's -y.
    """
    flexion, abduction, twist, fold = angles
    upper = (
        parent @ _rotation_z(side * abduction) @ _rotation_x(-flexion) @ _rotation_y(-side * twist)
    )
    return upper, upper @ _rotation_x(hinge * fold)


def pose_body(pose: Pose, proportions: Proportions) -> Body:
    """Place every joint of a posed body in camera axes.

    Args:
        pose: joint angles, degrees.
        proportions: bone lengths, body heights.

    Returns: the joints and part frames, pelvis at the origin.

    Source: derived here.
    """
    p = proportions
    pelvis = _rotation_x(pose.camera_pitch) @ _rotation_z(pose.roll) @ _rotation_y(pose.yaw)
    forward, sideways, twist = pose.bend
    chest = pelvis @ _rotation_x(forward) @ _rotation_z(sideways) @ _rotation_y(twist)
    turn, nod, tilt = pose.head
    head = chest @ _rotation_y(turn) @ _rotation_x(nod) @ _rotation_z(tilt)

    keypoints = np.zeros((17, 3))
    hands, toes = np.zeros((2, 3)), np.zeros((2, 3))
    # The lower third of the spine stays with the pelvis, so a bent back is not a hinge at the hips.
    neck = p.spine * (0.33 * pelvis[:, 1] + 0.67 * chest[:, 1])
    head_axes = np.array(p.head_xyz)
    head_center = neck + p.neck * chest[:, 1] + head @ (head_axes * [0, 0.95, 0.15])
    keypoints[:5] = head_center + (FACE_POINTS * head_axes) @ head.T
    for i, side in enumerate(BODY_SIDES):
        upper, lower = _limb(chest, pose.arms[i], side, hinge=-1)
        keypoints[5 + i] = neck + chest @ [side * p.shoulder, -0.02, 0]
        keypoints[7 + i] = keypoints[5 + i] - p.upper_arm * upper[:, 1]
        keypoints[9 + i] = keypoints[7 + i] - p.forearm * lower[:, 1]
        hands[i] = keypoints[9 + i] - p.hand * lower[:, 1]
        upper, lower = _limb(pelvis, pose.legs[i], side, hinge=1)
        keypoints[11 + i] = pelvis @ [side * p.hip, 0, 0]
        keypoints[13 + i] = keypoints[11 + i] - p.thigh * upper[:, 1]
        keypoints[15 + i] = keypoints[13 + i] - p.shin * lower[:, 1]
        toes[i] = keypoints[15 + i] + lower @ [side * 0.015, -0.035, p.foot]
    return Body(keypoints, pelvis, chest, head, neck, head_center, hands, toes, head_axes)


@dataclass(frozen=True)
class Camera:
    """A perspective camera in front of one body.

    Attributes:
        center_xy: float (2,), image pixels, where the body's origin is seen.
        scale: pixels of a body height at the origin's distance.
        distance: from the origin to the viewer, body heights.
    """

    center_xy: np.ndarray
    scale: float
    distance: float

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project camera-axes points, float (..., 3), to image pixels, float (..., 2)."""
        size = self.scale * self.distance / (self.distance - points[..., 2:])
        return self.center_xy + points[..., :2] * size * [1, -1]
