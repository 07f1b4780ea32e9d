"""Load pictures as the device's camera hands them over."""

from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from prepostprocess.image import check_colour, load_rgb, simulate_camera
from prepostprocess.preprocess import get_preprocess


@TRANSFORMS.register_module()
class KneronLoadImage(BaseTransform):
    """Read the image file as upright RGB, as every runner does.

    A part of the image that the data set's cache of crops has put there is left as it is.

    Reads: img_path; img_origin and img_shape of such a part.
    Writes: img uint8 (H, W, 3) RGB; img_shape and ori_shape (H, W).

    Args:
        preprocess: the config's word, checked here because this transform comes first.
        colour: send the picture through the camera format "rgb565" or "yuv422" and back, to train
            or evaluate with the colour that it loses; None keeps all.
    """

    def __init__(self, preprocess: str, colour: str | None = None) -> None:
        super().__init__()
        get_preprocess(preprocess)
        if colour is not None:
            check_colour(colour)
        self.preprocess = preprocess
        self.colour = colour

    def transform(self, results: dict) -> dict:
        """Add the picture and its size.

        Raises: ValueError: the camera's colour is asked for of a part of a picture.
        """
        if "img_origin" in results:
            if self.colour is not None:
                raise ValueError(
                    f"colour must be None where crop_cache is set, got {self.colour!r}. "
                    "Leave crop_cache out: a camera format pairs pixels of the whole picture."
                )
            results["ori_shape"] = results["img_shape"]
            return results
        image = load_rgb(results["img_path"])
        if self.colour is not None:
            image = simulate_camera(image, self.colour)
        results["img"] = image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(preprocess={self.preprocess!r}, colour={self.colour!r})"
