"""Random boxes of training pictures, which a teacher labels as it labels people."""

from dataclasses import dataclass

import numpy as np

from utils.config_reader.read import mappings

LEAST_SHARE = 1 / 7  # of the largest region; see RandomRegions.draw
LEAST_AREA = 32**2  # square pixels, COCO's limit of "small": fewer are too few to teach on


@dataclass(frozen=True)
class RandomRegions:
    """How many regions a picture gives, and of what shape.

    Attributes:
        number: of each picture, in every epoch, at least 1.
        input_size: the network's (width, height) in pixels, whose aspect regions have.
    """

    number: int
    input_size: tuple[int, int]

    def fits(self, image_wh: tuple[int, int]) -> bool:
        """Tell whether a picture is large enough for a region of ``LEAST_AREA``.

        Args:
            image_wh: width and height in pixels.

        Returns:
            Whether it is.
        """
        return bool(np.prod(self._largest(image_wh)) >= LEAST_AREA)

    def draw(self, image_wh: tuple[int, int]) -> np.ndarray:
        """Draw a region from NumPy's global generator.

        Its size is a share of the largest region that the picture holds. The share's logarithm is
        uniform, from a seventh (more where that is below ``LEAST_AREA``) to the whole; its place is
        uniform. People are as large: quartiles .22, .38 and .63 of 497 on 182 images of COCO
        train2017, and .23, .38 and .61 of what is drawn.

        Args:
            image_wh: width and height of a picture that ``fits`` admits.

        Returns:
            float32 (4,), xyxy, in the picture's pixels.
        """
        largest = self._largest(image_wh)
        least = max(LEAST_SHARE, np.sqrt(LEAST_AREA / np.prod(largest)))
        size = largest * least ** np.random.random_sample()
        corner = np.random.random_sample(2) * (np.array(image_wh) - size)
        return np.concatenate([corner, corner + size]).astype(np.float32)

    def in_place_of(self, person: dict, image_wh: tuple[int, int]) -> dict:
        """Draw a region in a person's picture.

        Args:
            person: as ``KneronCocoDataset`` reads it, keypoints (1, K, 2).
            image_wh: width and height of the picture.

        Returns:
            The same with a region as bbox, without labels and without a place in a cache of crops.
        """
        region = {key: value for key, value in person.items() if key != "crop_index"}
        return region | dict(
            bbox=self.draw(image_wh)[None],
            keypoints=np.zeros_like(person["keypoints"]),
            keypoints_visible=np.zeros_like(person["keypoints_visible"]),
            num_keypoints=0,
        )

    def _largest(self, image_wh: tuple[int, int]) -> np.ndarray:
        shape = np.array(self.input_size, float)
        return shape * (np.array(image_wh) / shape).min()


def take_unlabelled(data: dict, number: int, input_size: tuple[int, int]) -> None:
    """Let training data hold what a teacher alone can label: people, and random regions.

    Args:
        data: of the config's ``train_dataloader``; changed in place.
        number: regions of each picture, at least 0: the config's ``random_regions``.
        input_size: the network's (width, height) in pixels.

    Raises:
        ValueError: regions are asked for and no data set gives any.
    """
    found = [each for each in mappings(data) if each.get("type") == "KneronCocoDataset"]
    for dataset in found:
        dataset["unlabelled"] = True
        if number:
            dataset["random_regions"] = {"number": number, "input_size": tuple(input_size)}
    if number and not found:
        raise ValueError(
            f"random_regions must have a KneronCocoDataset in train_dataloader, got {number} and "
            "none. Leave it out."
        )
