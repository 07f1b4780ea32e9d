"""Load images as the device's camera hands them over."""

from collections import OrderedDict

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from prepostprocess.image import check_colour, load_rgb, simulate_camera
from prepostprocess.preprocess import get_preprocess

MOST_KEPT_BYTES = 2**28  # a process; 290 images of 640x480


@TRANSFORMS.register_module()
class KneronLoadImage(BaseTransform):
    """Read the image file as upright RGB, as every runner does.

    A part of the image that the data set's cache of crops has put there is left as it is.

    Reads: img_path; img_origin and img_shape of such a part.
    Writes: img uint8 (H, W, 3) RGB, read-only; img_shape and ori_shape (H, W).

    Args:
        preprocess: the config's word, checked here because this transform comes first.
        colour: send the image through the camera format "rgb565" or "yuv422" and back, to train
            or evaluate with the colour that it loses; None keeps all.
        kept_images: decoded images that a process keeps for the next people, at least 1 and at most
            256 MiB. 1 serves people in the order of their images; training in the order of
            ``KneronImageSampler`` needs its window.
    """

    def __init__(self, preprocess: str, colour: str | None = None, *, kept_images: int = 1) -> None:
        super().__init__()
        if not isinstance(kept_images, int) or kept_images < 1:
            raise ValueError(f"kept_images must be at least 1, got {kept_images!r}. Leave it out.")
        get_preprocess(preprocess)
        if colour is not None:
            check_colour(colour)
        self.preprocess = preprocess
        self.colour = colour
        self.kept_images = kept_images
        self._kept: OrderedDict[str, np.ndarray] = OrderedDict()  # least recently used first

    def transform(self, results: dict) -> dict:
        """Add the image and its size.

        Raises: ValueError: the camera's colour is asked for of a part of an image.
        """
        if "img_origin" in results:
            if self.colour is not None:
                raise ValueError(
                    f"colour must be None where crop_cache is set, got {self.colour!r}. "
                    "Leave crop_cache out: a camera format pairs pixels of the whole image."
                )
            results["ori_shape"] = results["img_shape"]
            return results
        image = self._load(results["img_path"])
        results["img"] = image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results

    def _load(self, path: str) -> np.ndarray:
        """Return a kept image or load one; the longest unused make room."""
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        image = load_rgb(path)
        if self.colour is not None:
            image = simulate_camera(image, self.colour)
        image.flags.writeable = False
        self._kept[path] = image
        while len(self._kept) > 1 and (
            len(self._kept) > self.kept_images
            or sum(kept.nbytes for kept in self._kept.values()) > MOST_KEPT_BYTES
        ):
            self._kept.popitem(last=False)
        return image

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_kept": OrderedDict()}  # each process decodes for itself

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(preprocess={self.preprocess!r}, colour={self.colour!r}, "
            f"kept_images={self.kept_images})"
        )
