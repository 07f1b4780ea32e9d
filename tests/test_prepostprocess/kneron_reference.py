"""The emulator once more, literally: plain Python integers, one sample at a time.

Written from the formulae of the device description and sharing nothing with the product. Images
are nested lists: rows of pixels, a pixel being a list of channel values.
"""

from fractions import Fraction


# --- fixed point resize -------------------------------------------------------------------------
def resize_line(samples, count, rule):
    """Walk the counter along one line; rule: width, fixed, 520, 720, original_fixed."""
    n = len(samples)
    ratio = ((n - 1) << 12) // (count - 1)
    if rule == "520" and ratio > 0 and (ratio * (count - 1)) % 4096 == 0 and ratio != 4096:
        ratio -= 1
    counter, s, out = 0, 0, []
    for d in range(count):
        while counter > 4096:
            counter -= 4096
            s += 1
        hit = d > 0 and counter == 4096 and ratio != 4096
        if hit and rule == "original_fixed":
            out.append(0)
        else:
            first = s + 1 if hit and rule in ("520", "720") else s
            low = samples[min(first, n - 1)]
            high = samples[min(first + 1, n - 1)]
            out.append(((4096 - counter) * low + counter * high) // 4096)
        counter += ratio
    return out


def resize_fixed(image, width, height, rule):
    channels = range(len(image[0][0]))
    wide = []
    for row in image:
        lines = [resize_line([pixel[c] for pixel in row], width, "width") for c in channels]
        wide.append([[line[x] for line in lines] for x in range(width)])
    out = [[[0 for _ in channels] for _ in range(width)] for _ in range(height)]
    for x in range(width):
        for c in channels:
            line = resize_line([row[x][c] for row in wide], height, rule)
            for y in range(height):
                out[y][x][c] = line[y]
    return out


# --- sizes --------------------------------------------------------------------------------------
def half_even(value):
    return round(value)


def fit_plain(width, height, target_width, target_height):
    scale = min(target_width / width, target_height / height)
    return int(half_even(width * scale)), int(half_even(height * scale))


# --- crop, pad ----------------------------------------------------------------------------------
def crop_box(box, image_width, align, square, rounding):
    x1, y1, x2, y2 = (Fraction(v) for v in box)
    if rounding == 0:
        x1, y1, x2, y2 = x1 // 1, y1 // 1, -(-x2 // 1), -(-y2 // 1)
    else:
        x1, y1, x2, y2 = round(x1), round(y1), round(x2), round(y2)
    if align:
        while x1 % 4:
            x1 += 1
        margin = image_width - x2
        while margin % 4:
            margin += 1
        x2 = image_width - margin
    if square:
        p = (x2 - x1) - (y2 - y1)
        part = p // 2
        part -= part % 4
        if p > 0:
            y1, y2 = y1 - part, y2 + p - part
        else:
            x1, x2 = x1 + part, x2 - p + part
    return int(x1), int(y1), int(x2), int(y2)


def crop(image, box):
    height, width, channels = len(image), len(image[0]), len(image[0][0])
    x1, y1, x2, y2 = box
    return [
        [
            list(image[y][x]) if 0 <= y < height and 0 <= x < width else [0] * channels
            for x in range(x1, x2)
        ]
        for y in range(y1, y2)
    ]


def pad(image, left, right, top, bottom, value):
    """Value None repeats the edge."""
    height, width = len(image), len(image[0])
    out = []
    for y in range(-top, height + bottom):
        row = []
        for x in range(-left, width + right):
            inside = 0 <= y < height and 0 <= x < width
            if inside or value is None:
                near_y, near_x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
                row.append(list(image[near_y][near_x]))
            else:
                row.append([value] * len(image[0][0]))
        out.append(row)
    return out


# --- colour -------------------------------------------------------------------------------------
def signed_round(value):
    """Half of 1024 away from zero, arithmetic shift, clip."""
    value = value + 512 if value >= 0 else value - 512
    return min(max(value >> 10, 0), 255)


def yuv_to_rgb(y, u, v):
    u = u - 256 if u > 127 else u
    v = v - 256 if v > 127 else v
    return [
        signed_round(1024 * y + 1436 * v),
        signed_round(1024 * y - 354 * u - 732 * v),
        signed_round(1024 * y + 1814 * u),
    ]


def ycbcr_to_rgb(y, cb, cr):
    y, cb, cr = 1192 * (y - 16), cb - 128, cr - 128
    return [
        signed_round(y + 1634 * cr),
        signed_round(y - 401 * cb - 833 * cr),
        signed_round(y + 2065 * cb),
    ]


def cast(decimals):
    """C's cast of (a value with 8 decimals) + 0.5 to a byte: towards zero, then modulo 256."""
    decimals += 50_000_000
    whole = abs(decimals) // 100_000_000
    return (whole if decimals >= 0 else -whole) % 256


def rgb_to_yuv(r, g, b):
    return [
        cast(29899106 * r + 58654530 * g + 11446364 * b),
        cast(-16877996 * r - 33110385 * g + 49988381 * b),
        cast(49988381 * r - 41826072 * g - 8162309 * b),
    ]


def rgb_to_ycbcr(r, g, b):
    return [
        cast(16_00000000 + 25678824 * r + 50412941 * g + 9790588 * b),
        cast(128_00000000 - 14822353 * r - 29099216 * g + 43921569 * b),
        cast(128_00000000 + 43921569 * r - 36778824 * g - 7142745 * b),
    ]


def halve_chroma(image):
    out = []
    for row in image:
        new = []
        for x, pixel in enumerate(row):
            even, odd = row[x - x % 2], row[x - x % 2 + 1]
            new.append([pixel[0], even[1], odd[2]])
        out.append(new)
    return out


def each(image, function):
    return [[function(*pixel) for pixel in row] for row in image]


def from_rgb(image, fmt):
    if fmt == "rgb565":
        return each(image, lambda r, g, b: [r >> 3, g >> 2, b >> 3])
    if fmt == "rgba8888":
        return each(image, lambda r, g, b: [r, g, b, 0])
    if fmt == "l":
        return each(image, lambda r, g, b: [(19595 * r + 38470 * g + 7471 * b + 32768) >> 16])
    if fmt.startswith("yuv"):
        out = each(image, rgb_to_yuv)
    elif fmt.startswith("ycbcr"):
        out = each(image, rgb_to_ycbcr)
    else:
        return image
    return halve_chroma(out) if fmt.endswith("422") else out


def to_rgb(image, fmt):
    if fmt == "rgb565":
        return each(image, lambda r, g, b: [r << 3, g << 2, b << 3])
    if fmt == "rgba8888":
        return each(image, lambda r, g, b, a: [r, g, b])
    if fmt == "l":
        return each(image, lambda v: [v, v, v])
    if fmt.startswith("yuv"):
        return each(image, yuv_to_rgb)
    if fmt.startswith("ycbcr"):
        return each(image, ycbcr_to_rgb)
    return image
