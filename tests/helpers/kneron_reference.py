"""The emulator once more, literally: plain Python integers, one sample at a time.

Written from the formulae of the device description and sharing nothing with the product. Images
are nested lists: rows of pixels, a pixel being a list of channel values.
"""

from fractions import Fraction


# --- fixed point resize -------------------------------------------------------------------------
def walk(n, count, rule):
    """Walk the counter along an axis; rule: width, fixed, 520, 720, original_fixed.

    Gives for each destination sample two source indices and the weight of the second, or None
    for a sample that stays 0.
    """
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
            out.append(None)
        else:
            first = s + 1 if hit and rule in ("520", "720") else s
            out.append((min(first, n - 1), min(first + 1, n - 1), counter))
        counter += ratio
    return out


def blend(samples, steps):
    out = []
    for step in steps:
        if step is None:
            out.append(0)
        else:
            first, second, weight = step
            out.append(((4096 - weight) * samples[first] + weight * samples[second]) // 4096)
    return out


def resize_line(samples, count, rule):
    return blend(samples, walk(len(samples), count, rule))


def resize_fixed(image, width, height, rule):
    channels = range(len(image[0][0]))
    across, down = walk(len(image[0]), width, "width"), walk(len(image), height, rule)
    wide = []
    for row in image:
        lines = [blend([pixel[c] for pixel in row], across) for c in channels]
        wide.append([[line[x] for line in lines] for x in range(width)])
    out = [[[0 for _ in channels] for _ in range(width)] for _ in range(height)]
    for x in range(width):
        for c in channels:
            line = blend([row[x][c] for row in wide], down)
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
    """A value with 8 decimals rounded, halves up, then modulo 256."""
    return (decimals + 50_000_000) // 100_000_000 % 256


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


# --- raw bytes ----------------------------------------------------------------------------------
def raw_bytes(image, fmt):
    """Bytes of an image already in ``fmt``."""
    out = []
    for row in image:
        for x in range(len(row)):
            pixel = row[x]
            if fmt == "rgb565":
                r, g, b = pixel
                out += [(g & 7) << 5 | b, r << 3 | g >> 3]
            elif fmt in ("yuv444", "ycbcr444"):
                out += [0, pixel[2], pixel[1], pixel[0]]
            elif fmt in ("yuv422", "ycbcr422"):
                if x % 2 == 0:
                    pair = row[x + 1]
                    out += [pair[2], pair[0], pixel[1], pixel[0]]
            else:
                out += pixel
    return out


# --- KL520 input processor ----------------------------------------------------------------------
UNITS = {"rgb888": 4, "yuv": 2, "yuv422": 2, "rgb565": 2, "nir": 1}  # bytes per pixel


def round_up(value, n):
    while value % n:
        value += 1
    return value


def block_columns(columns, word):
    """Source columns of a block, made a multiple of 4 bytes and of 2 columns."""
    size = UNITS.get(word)
    if size is None:
        return columns
    new = round_up(round_up(columns, 4 // size), 2)
    if new > columns:
        return new - 4 if size == 1 else new - 2
    return columns


def tile_lengths(total, limit, pad_after, mode, is_row):
    """The tile counter of the device's flow, walked tile by tile."""
    big, last = False, 0
    if mode in (0, 1) and (is_row or total % limit != 0):
        big = total % limit < pad_after + 4
        if mode == 1:
            last = limit
        else:
            last = pad_after + 4 if is_row else round_up(pad_after + 4, 4)
    count = -(-(total - last) // limit) + 1 if big else -(-total // limit)
    remain = total - last if big else total
    lengths = []
    for number in range(count):
        if big and number == count - 1:
            lengths.append(last)
        else:
            lengths.append(min(limit, remain))
        remain -= lengths[-1]
    return lengths


def inproc_520(image, word, fmt, size, scaled, pads, box, mode, norm, radix, gray, limits, to16):
    """``scaled`` and ``pads`` (l, r, t, b) are given; image is in ``fmt``, known as ``word``."""
    left, right, top, bottom = pads
    out_col, out_row = size
    max_row = min(int((limits[0] * limits[1]) // (out_col / 4)), limits[2])
    rows = tile_lengths(out_row, max_row, bottom, mode, True)
    cols = tile_lengths(out_col, limits[3], right, mode, False)
    valid_col, valid_row = box[2] - box[0], box[3] - box[1]
    sub = 0 if norm == "yolo" else 128
    shift = (7 if norm == "tf" else 8) - radix
    fill = 0 if norm == "yolo" else (-128 >> shift) % 256
    result, start_row = [], 0
    for r, row_num in enumerate(rows):
        pad_t = top if r == 0 else 0
        pad_b = bottom if r == len(rows) - 1 else 0
        first = start_row - top if start_row - top > 0 else 0
        block_start_row = valid_row * first // scaled[1] + box[1]
        strip = [[] for _ in range(row_num)]
        block_start_col = box[0]
        for c, col_num in enumerate(cols):
            pad_l = left if c == 0 else 0
            pad_r = right if c == len(cols) - 1 else 0
            block_row = valid_row * (row_num - pad_t - pad_b) // scaled[1]
            block_col = block_columns(valid_col * (col_num - pad_l - pad_r) // scaled[0], word)
            tile = crop(
                image,
                (
                    block_start_col,
                    block_start_row,
                    block_start_col + block_col,
                    block_start_row + block_row,
                ),
            )
            tile = to_rgb(tile, fmt)
            if gray:
                tile = from_rgb(tile, "l")
            width, height = col_num - pad_l - pad_r, row_num - pad_t - pad_b
            tile = resize_fixed(tile, width, height, "520")
            tile = [[[((v - sub) % 256) >> shift for v in p] for p in line] for line in tile]
            tile = [[p + [0] * (4 - len(p)) for p in line] for line in tile]
            tile = pad(tile, pad_l, pad_r, pad_t, pad_b, fill)
            for y in range(row_num):
                strip[y] += tile[y]
            block_start_col += block_col
        result += strip
        start_row += row_num
    if to16:
        for row in result:
            while len(row) % 16:
                row.append([128] * 4)
    return result


def inproc_720(image, fmt, scaled, pads, box, norm, gray):
    tile = to_rgb(crop(image, box), fmt)
    if gray:
        tile = from_rgb(tile, "l")
    tile = resize_fixed(tile, scaled[0], scaled[1], "720")
    less = 0 if norm == "yolo" else 128
    out = []
    for row in tile:
        new = []
        for pixel in row:
            values = [((256 * v) // 2 + 0) // 128 for v in pixel]
            values = [min(max(v - less, -128 if less else 0), 127 if less else 255) for v in values]
            new.append([v % 256 for v in values] + [0] * (4 - len(pixel)))
        out.append(new)
    left, right, top, bottom = pads
    return pad(out, left, right, top, bottom, less)
