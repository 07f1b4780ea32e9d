"""From person box to network input, and the random boxes that training sees."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from mmpose_replacement.training_transforms import Origin, check_share
from prepostprocess.crop.affine import apply_affine
from prepostprocess.crop.box import fix_aspect
from prepostprocess.crop.partial_crop import CropMemory, crop_person_of_part
from prepostprocess.image import check_rgb, load_rgb
from prepostprocess.preprocess import Crop, get_preprocess


@TRANSFORMS.register_module()
class KneronTopdownAffine(BaseTransform):
    """Crop the person to the network input exactly as the ONNX runner does.

    Reads: img uint8 (H, W, 3) RGB; bbox_center (1, 2) xy and bbox_scale (1, 2) wh, source pixels,
        as ``GetBBoxCenterScale`` leaves them; bbox_rotation (1,) degrees, optional; keypoints float
        (1, K, 2) xy, optional. Where img is a part of the image, as a cache of crops holds it:
        img_origin, img_shape (H, W) of the whole, img_path, flip.
    Writes: img uint8 (h, w, 3); bbox_center and bbox_scale, those of the pixels really taken (the
        aspect is fixed; with "kneron_*" the chip's whole-pixel crop), so that mmpose's way back to
        the image is exact; transformed_keypoints (1, K, 2) xy, input pixels; input_size.

    Args:
        input_size: network input (width, height) in pixels; mmpose's name and order.
        preprocess: a word of the switch. With "kneron_*" a person that augmentation has rotated is
            warped all the same: no chip rotates, and none needs to.
        use_udp: unbiased data processing; goes with the codec's decoder "udp".

    Attributes:
        num_parts: crops made of a part of the image so far, in this process.
        num_beyond: of these, how many reached beyond the part and were made of the file instead.
    """

    def __init__(self, input_size: tuple[int, int], preprocess: str, use_udp: bool = False) -> None:
        super().__init__()
        get_preprocess(preprocess)
        self.input_wh = tuple(input_size)
        self.preprocess = preprocess
        self.use_udp = use_udp
        self.num_parts = self.num_beyond = 0
        self._canvas = CropMemory()

    def transform(self, results: dict) -> dict:
        """Replace the image by its crop and add the keypoints in crop pixels."""
        if "img_origin" in results:
            crop = self._crop_of_part(results)
        else:
            check_rgb(results["img"])
            crop = self._crop(results, Origin(0, 0), results["img"].shape[:2])
        results["img"] = crop.image
        results["bbox_center"] = crop.center_xy[None]
        results["bbox_scale"] = crop.scale_wh[None]
        if results.get("keypoints") is not None:
            results["transformed_keypoints"] = apply_affine(results["keypoints"], crop.matrix)
        results["input_size"] = self.input_wh
        return results

    def _crop_of_part(self, results: dict) -> Crop:
        """Crop from a part, or from the file where the part does not reach.

        Raises: ValueError: the part was mirrored by a transform that does not know of parts.
        """
        origin = results["img_origin"]
        if origin.is_mirrored != bool(results.get("flip")):
            raise ValueError(
                "train_pipeline must mirror by KneronRandomFlip where crop_cache is set, got "
                "another transform that does. Replace it, or leave crop_cache out."
            )
        self.num_parts += 1
        crop = self._crop(results, origin, results["img_shape"])
        if crop is None:
            self.num_beyond += 1
            image = load_rgb(results["img_path"])
            results["img"] = image[:, ::-1] if origin.is_mirrored else image
            crop = self._crop(results, Origin(0, 0), image.shape[:2])
        return crop

    def _crop(self, results: dict, origin: Origin, shape_hw: tuple[int, int]) -> Crop | None:
        return crop_person_of_part(
            results["img"],
            (origin.x, origin.y),
            (shape_hw[1], shape_hw[0]),
            results["bbox_center"][0],
            fix_aspect(results["bbox_scale"][0], self.input_wh),
            self.input_wh,
            self.preprocess,
            self._canvas,
            rotation_deg=results["bbox_rotation"][0] if "bbox_rotation" in results else 0.0,
            udp=self.use_udp,
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(input_size={self.input_wh}, "
            f"preprocess={self.preprocess!r}, use_udp={self.use_udp})"
        )


@TRANSFORMS.register_module()
class KneronRandomShift(BaseTransform):
    """Move the box's centre now and then, as a detector's box is off.

    mmpose 0.x does this when the dataset is read, so put it before the flip and the half body. It
    is not mmpose 1.x's random shift, which is a truncated normal in units of the padded box.

    Reads: bbox (1, 4) xyxy, bbox_center (1, 2). Writes: bbox_center.

    Args:
        factor: the shift is uniform within plus or minus half of this share of the box's width and
            height.
        prob: share of samples that are shifted, 0..1.

    Source: ``_xywh2cs`` of mmpose 0.13, on which the official Lite-HRNet recipe builds.
    """

    def __init__(self, factor: float = 0.4, prob: float = 0.3) -> None:
        super().__init__()
        check_share("prob", prob)
        self.factor = factor
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Draw from NumPy's global generator, which mmengine seeds in every worker."""
        if np.random.rand() < self.prob:
            box_xyxy = results["bbox"]
            shift = self.factor * (np.random.rand(2) - 0.5) * (box_xyxy[:, 2:] - box_xyxy[:, :2])
            results["bbox_center"] = (results["bbox_center"] + shift).astype(np.float32)
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(factor={self.factor}, prob={self.prob})"


@TRANSFORMS.register_module()
class KneronRandomBBox(BaseTransform):
    """Draw size and rotation of the region as the official Lite-HRNet recipe does.

    mmpose 1.x's ``RandomBBoxTransform`` draws from a truncated normal, which has no mass at the
    limits and none beyond one standard deviation, and its defaults (0.5..1.5, 80 degrees) are much
    stronger; SciPy's ``truncnorm`` also costs more than the crop.

    Reads: bbox_scale (1, 2). Writes: bbox_scale; bbox_rotation (1,) degrees, exactly 0 where there
        is no rotation.

    Args:
        scale_factor: the size's factor is 1 plus this times a normal number, clipped to
            [1 - scale_factor, 1 + scale_factor].
        rotation_factor: the rotation is this times a normal number in degrees, clipped to twice
            this.
        rotation_prob: share of samples that are rotated, 0..1.

    Source: ``TopDownGetRandomScaleRotation`` of mmpose 0.x with the numbers of the Lite-HRNet
        configs.
    """

    def __init__(
        self,
        scale_factor: float = 0.25,
        rotation_factor: float = 30.0,
        rotation_prob: float = 0.6,
    ) -> None:
        super().__init__()
        check_share("scale_factor", scale_factor)
        check_share("rotation_prob", rotation_prob)
        self.scale_factor = scale_factor
        self.rotation_factor = rotation_factor
        self.rotation_prob = rotation_prob

    def transform(self, results: dict) -> dict:
        """Draw from NumPy's global generator, which mmengine seeds in every worker."""
        factor = 1 + self.scale_factor * min(max(np.random.randn(), -1), 1)
        rotation = min(max(np.random.randn(), -2), 2) * self.rotation_factor
        if np.random.rand() >= self.rotation_prob:
            rotation = 0.0
        results["bbox_scale"] = (results["bbox_scale"] * factor).astype(np.float32)
        results["bbox_rotation"] = np.array([rotation], np.float32)
        return results

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(scale_factor={self.scale_factor}, "
            f"rotation_factor={self.rotation_factor}, rotation_prob={self.rotation_prob})"
        )
