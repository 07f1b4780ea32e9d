"""The crop as the teacher wants it, beside the student's."""

from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from mmpose_replacement.top_down_transform import KneronTopdownAffine


@TRANSFORMS.register_module()
class KneronTeacherView(BaseTransform):
    """Cut the region that the student will see for a teacher of another size or crop as well.

    Stands directly before ``KneronTopdownAffine``; reads what that reads. Writes: teacher_img
    uint8 (h, w, 3).

    Args:
        input_size: the teacher's (width, height) in pixels; its aspect is the student's.
        preprocess: the teacher's word of the switch.
        use_udp: whether the teacher's crop follows UDP's grid.
    """

    def __init__(self, input_size: tuple[int, int], preprocess: str, use_udp: bool = False) -> None:
        super().__init__()
        self.affine = KneronTopdownAffine(input_size, preprocess, use_udp)

    def transform(self, results: dict) -> dict:
        """Add the teacher's crop; the rest stays as it is."""
        seen = {key: value for key, value in results.items() if key != "keypoints"}
        results["teacher_img"] = self.affine.transform(seen)["img"]
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.affine!r})"
