"""The vectorised emulator against the literal one, on random images of all sizes.

The counts are per default run; the worked golden vectors are in the other test_kneron files.
"""

import struct
from collections import Counter

import kneron_reference as reference
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prepostprocess.kneron_preprocessing import API, fixed_point
from prepostprocess.kneron_preprocessing.fixed_point import resize_fixed
from prepostprocess.kneron_preprocessing.formats import pack, unpack

LINES, LINES_EACH = 5000, 4  # examples, and rules compared in each: 20,000 lines
IMAGES = 2000
LARGE_IMAGES = 200
FORMATS = ["rgb888", "rgba8888", "rgb565", "l"]
FORMATS += ["yuv444", "yuv422", "ycbcr444", "ycbcr422"]
NO_DATABASE = dict(database=None, deadline=None, derandomize=True)
NO_CHECKS = dict(suppress_health_check=list(HealthCheck))

counts = Counter()
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True)
def _block():
    """Work in blocks of a few rows, so that images of some pixels have several."""
    usual, fixed_point.BLOCK = fixed_point.BLOCK, 512
    yield
    fixed_point.BLOCK = usual


def log_uniform(rng, low, high):
    return int(round(np.exp(rng.uniform(np.log(low), np.log(high)))))


def random_image(rng, pixels, channels=3):
    """An image of about ``pixels`` pixels and any aspect ratio; some are smooth, some are noise."""
    width = min(max(log_uniform(rng, 1, pixels), 1), pixels)
    height = max(1, pixels // width)
    if rng.random() < 0.3:
        low, high = sorted(rng.integers(0, 256, 2))
        return rng.integers(low, high + 1, (height, width, channels)).astype(np.uint8)
    if rng.random() < 0.2:
        return rng.choice(np.array([0, 255], np.uint8), (height, width, channels))
    return rng.integers(0, 256, (height, width, channels), np.uint8)


def target_length(rng, source):
    """A target length: often one that divides exactly, where the special cases are."""
    choice = rng.integers(4)
    divisors = [d for d in range(2, source + 1) if source > 1 and (source - 1) % (d - 1) == 0]
    if choice == 0 and divisors:
        return int(rng.choice(divisors))
    if choice == 1:
        return source + 1 if source > 1 else 2
    return log_uniform(rng, 2, max(4, 3 * source // 2))


# --- lines --------------------------------------------------------------------------------------
@settings(max_examples=LINES, **NO_DATABASE, **NO_CHECKS)
@given(seed=seeds)
def test_lines(seed):
    rng = np.random.default_rng(seed)
    length = log_uniform(rng, 1, 700)
    count = min(target_length(rng, length), 700)
    samples = rng.integers(0, 256, length, np.uint8)
    plain = samples.tolist()
    wide = resize_fixed(np.stack([samples, samples]), (count, 2), "plain")
    assert wide[0].tolist() == reference.resize_line(plain, count, "width")
    column = np.stack([samples, samples], axis=1)
    rules = {"plain": "fixed", "520": "520", "720": "720", "original_fixed": "original_fixed"}
    for rule in rng.permutation(list(rules))[: LINES_EACH - 1]:
        tall = resize_fixed(column, (2, count), rule)
        assert tall[:, 0].tolist() == reference.resize_line(plain, count, rules[rule]), rule


# --- images -------------------------------------------------------------------------------------
def check_resize(rng, image):
    size = tuple(min(target_length(rng, length), 5000) for length in image.shape[1::-1])
    if size[0] * size[1] > 2 * max(image.size, 64):
        size = (max(2, size[0] // 4), max(2, size[1] // 4))
    kind = rng.choice(["fixed", "fixed_520", "fixed_720"])
    found = API.resize(image, size, keep_ratio=False, type=kind)
    rule = {"fixed": "fixed", "fixed_520": "520", "fixed_720": "720"}[kind]
    assert found.tolist() == reference.resize_fixed(image.tolist(), *size, rule)


def check_colour(rng, image):
    fmt = rng.choice(FORMATS)
    if fmt.endswith("422"):
        image = np.ascontiguousarray(np.repeat(image, 2, axis=1))
        image[:, 1::2] ^= 85
    given_pixels = API.convert(image, fmt)
    expected = reference.from_rgb(image.tolist(), fmt)
    assert given_pixels.reshape(*image.shape[:2], -1).tolist() == expected
    data = pack(given_pixels, fmt)
    assert data.ravel().tolist() == reference.raw_bytes(expected, fmt)
    back = unpack(data, fmt, image.shape[1])
    np.testing.assert_array_equal(back, given_pixels)
    assert API.convert(back, "rgb888", fmt).tolist() == reference.to_rgb(expected, fmt)


def check_crop(rng, image):
    height, width = image.shape[:2]
    spread = rng.uniform(-0.4, 1.4, 4) * [width, height, width, height]
    box = [min(spread[0], spread[2]), min(spread[1], spread[3])]
    box += [max(spread[0], spread[2]) + 0.5, max(spread[1], spread[3]) + 0.5]
    if rng.random() < 0.5:
        box = [round(2 * v) / 2 for v in box]
    align, square, rounding = rng.random(2) < 0.5, rng.random() < 0.3, int(rng.integers(2))
    square = square and max(image.shape[:2]) < 200
    expected = reference.crop_box(box, width, align[0], square, rounding)
    x1, y1, x2, y2 = expected
    options = dict(align_w_to_4=bool(align[0]), pad_square_to_4=square, rounding_type=rounding)
    if x1 >= x2 or y1 >= y2 or x1 >= width or y1 >= height or x2 <= 0 or y2 <= 0:
        with pytest.raises(ValueError, match="box must"):
            API.crop(image, box, **options)
        return
    info = {}
    found = API.crop(image, box, info_out=info, **options)
    assert info["box"] == expected
    assert found.tolist() == reference.crop(image.tolist(), expected)


def check_pad(rng, image):
    sides = [int(v) for v in rng.integers(0, 6, 4)]
    value = int(rng.integers(256)) if rng.random() < 0.7 else None
    found = API.pad(image, *sides, "edge" if value is None else value)
    assert found.tolist() == reference.pad(image.tolist(), *sides, value)


@settings(max_examples=IMAGES, **NO_DATABASE, **NO_CHECKS)
@given(seed=seeds)
def test_images(tmp_path, seed):
    rng = np.random.default_rng(seed)
    image = random_image(rng, log_uniform(rng, 1, 20_000), int(rng.choice([1, 3, 3, 4])))
    check = rng.integers(6)
    if check == 0:
        check_crop(rng, image)
    elif check == 1:
        check_pad(rng, image)
    elif check == 2:
        check_colour(rng, random_image(rng, image.shape[0] * image.shape[1]))
    elif check == 3:
        check_tiles(rng, image.shape[0] * image.shape[1], tmp_path)
    else:
        check_resize(rng, image)


# --- input processors ---------------------------------------------------------------------------
def float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def fit_csim(source, target):
    ratio_w, ratio_h = float32(target[0] / source[0]), float32(target[1] / source[1])
    if ratio_w < ratio_h:
        return target[0], int(float32(ratio_w * source[1] + 0.5))
    return int(float32(ratio_h * source[0] + 0.5)), target[1]


def answer(function, *arguments, **options):
    """The result, or None where the hardware cannot do it."""
    try:
        return function(*arguments, **options)
    except ValueError as error:
        if "npu_size must" not in str(error):
            raise
        return None


def check_tiles(rng, pixels, folder):
    word = rng.choice(["rgb888", "rgb565", "nir", "yuv422", "yuv", "ycbcr444", "rgba8888"])
    fmt = {"nir": "l", "yuv": "yuv444"}.get(word, word)
    image = random_image(rng, max(pixels, 600))
    image = np.ascontiguousarray(np.repeat(image, 2, axis=1)) if fmt.endswith("422") else image
    pixels_in = API.convert(image, fmt).reshape(*image.shape[:2], -1)
    height, width = image.shape[:2]
    box = None
    if rng.random() < 0.5:
        x, y = rng.integers(0, width), rng.integers(0, height)
        box = (int(x), int(y), int(rng.integers(x, width)) + 1, int(rng.integers(y, height)) + 1)
    real_box = box or (0, 0, width, height)
    size = (log_uniform(rng, 8, 90), log_uniform(rng, 8, 90))
    mode = int(rng.integers(3))
    crop_wh = (real_box[2] - real_box[0], real_box[3] - real_box[1])
    scaled = size if mode == 2 else fit_csim(crop_wh, size)
    columns, rows = size[0] - scaled[0], size[1] - scaled[1]
    pads = (0, columns, 0, rows)
    if mode == 0:
        pads = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
    limits = (1, int(rng.integers(100, 2000)), int(rng.integers(8, 100)), int(rng.integers(8, 100)))
    norm = str(rng.choice(["kneron", "yolo", "tf"]))
    radix = int(rng.integers(4, 8 if norm == "tf" else 9))
    gray, to16 = bool(rng.random() < 0.3), bool(rng.random() < 0.5)
    common = dict(raw_size=(width, height), npu_size=size, crop_box=box, pad_mode=mode, norm=norm)
    common |= dict(raw_fmt=word, gray=gray)
    source = image
    if word != "rgb888":
        source = folder / "image.bin"
        source.write_bytes(pack(API.convert(image, fmt), fmt).tobytes())
    plain = pixels_in.tolist()
    found = answer(
        API.inproc_520,
        source,
        **common,
        radix=radix,
        round_w_to_16=to16,
        NUM_BANK_LINE=limits[0],
        BANK_ENTRY_CNT=limits[1],
        MAX_IMG_PREPROC_ROW_NUM=limits[2],
        MAX_IMG_PREPROC_COL_NUM=limits[3],
    )
    if found is not None:
        expected = reference.inproc_520(
            plain, word, fmt, size, scaled, pads, real_box, mode, norm, radix, gray, limits, to16
        )
        assert found.tolist() == expected
        counts["tiles"] += 1
    found = answer(API.inproc_720, source, **common)
    if found is not None:
        expected = reference.inproc_720(plain, fmt, scaled, pads, real_box, norm, gray)
        assert found.tolist() == expected
        counts["720"] += 1


# --- sizes --------------------------------------------------------------------------------------
def test_kept_ratio_sizes():
    rng = np.random.default_rng(0)
    for _ in range(2000):
        source = (log_uniform(rng, 2, 200), log_uniform(rng, 2, 200))
        target = (log_uniform(rng, 2, 200), log_uniform(rng, 2, 200))
        image = np.zeros((source[1], source[0]), np.uint8)
        for csim in (False, True):
            fit = fit_csim(source, target) if csim else reference.fit_plain(*source, *target)
            info = {}
            if min(fit) >= 2:
                API.resize(image, target, True, True, "fixed", csim, info)
                assert info["size"] == fit


def test_numba_gives_the_same_bits():
    pytest.importorskip("numba", reason="the optional accelerator is not installed")
    rng = np.random.default_rng(2)
    try:
        for _ in range(1000):
            image = random_image(rng, log_uniform(rng, 1, 20_000), int(rng.choice([1, 3, 4])))
            size = [target_length(rng, length) for length in image.shape[1::-1]]
            rule = str(rng.choice(["plain", "520", "720", "original_fixed"]))
            API.set_accelerator("numpy")
            expected = resize_fixed(image, size, rule)
            API.set_accelerator("numba")
            np.testing.assert_array_equal(resize_fixed(image, size, rule), expected)
    finally:
        API.set_accelerator("numpy")


def test_accelerator_is_checked():
    with pytest.raises(ValueError, match="name must be one of numpy, numba, got 'cuda'"):
        API.set_accelerator("cuda")


@pytest.mark.slow
def test_large_images():
    fixed_point.BLOCK = 1 << 16
    rng = np.random.default_rng(1)
    for _ in range(LARGE_IMAGES):
        check_resize(rng, random_image(rng, log_uniform(rng, 20_000, 400_000)))
