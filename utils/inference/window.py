"""A window on the screen that shows drawings as they are made."""

import os
import sys

import cv2
import numpy as np

_ENDS = (ord("q"), 27)  # q and Escape


def check_display() -> None:
    """Refuse to open a window where there is no screen: OpenCV would end the process.

    Raises: ValueError: there is none.
    """
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not has_screen:
        raise ValueError(
            "--show must have a screen, got neither DISPLAY nor WAYLAND_DISPLAY. Leave it out and "
            "look at the files."
        )


def show(image: np.ndarray, wait_ms: int) -> bool:
    """Show an image.

    Args:
        image: uint8 (H, W, 3), RGB.
        wait_ms: how long to wait for a key; 0: until there is one.
    Returns: False when the user wants to end.
    """
    cv2.imshow("pose", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return cv2.waitKey(wait_ms) & 0xFF not in _ENDS
