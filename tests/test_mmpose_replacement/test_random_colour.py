"""Random light and colour: one curve a channel, and an image that others keep is not written to."""

import numpy as np
import pytest

from mmpose_replacement.random_colour import KneronRandomColour


@pytest.fixture(autouse=True)
def random_state():
    state = np.random.get_state()
    np.random.seed(0)
    yield
    np.random.set_state(state)


@pytest.fixture
def ramp() -> np.ndarray:
    """Every value of every channel; read-only, as kept images are."""
    image = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    image.flags.writeable = False
    return image


@pytest.mark.parametrize("never", [{"prob": 0.0}, {"strength": 0.0, "prob": 1.0}])
def test_nothing_changes_without_strength_or_chance(never, ramp):
    np.testing.assert_array_equal(KneronRandomColour(**never).transform({"img": ramp})["img"], ramp)


def test_each_channel_is_a_power_times_a_gain(ramp):
    strength = 0.4
    transform = KneronRandomColour(strength, prob=1.0)
    for _ in range(50):
        image = transform.transform({"img": ramp})["img"]
        assert image.shape == ramp.shape
        assert image.dtype == np.uint8
        logs = []
        for channel in image[0].T.astype(float):
            assert (np.diff(channel) >= 0).all()
            inner = (channel > 20) & (channel < 250)  # neither clipped nor coarsely rounded
            level = np.log(np.arange(256)[inner] / 255)
            logs.append(np.polyfit(level, np.log(channel[inner] / 255), 1))
        gammas, gains = np.array(logs).T
        assert np.ptp(gammas) < 0.05  # one for all channels
        assert abs(np.log(gammas)).max() <= strength + 0.05
        assert abs(gains).max() <= strength * 4 / 3 + 0.05
        assert np.ptp(gains) <= strength * 2 / 3 + 0.05


def test_the_draws_are_repeatable(ramp):
    transform = KneronRandomColour()
    images = []
    for _ in range(2):
        np.random.seed(7)
        images.append(transform.transform({"img": ramp})["img"])
    np.testing.assert_array_equal(*images)


@pytest.mark.parametrize("wrong", [{"strength": -0.1}, {"prob": 80}])
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        KneronRandomColour(**wrong)
