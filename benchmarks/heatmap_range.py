"""What a quantiser's range costs a heatmap network: int8 outputs, clipped at shares of the values.

Run: python benchmarks/heatmap_range.py pose.onnx --ann-file COCO.json --img-dir DIR

The outputs alone are rounded here, symmetric and with one scale, as the vendor's formula says;
everything before them stays float. So this is the least that quantisation costs.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402

from prepostprocess.image import load_rgb  # noqa: E402
from prepostprocess.keypoints.decode import decode_heatmaps  # noqa: E402
from prepostprocess.metadata import read_metadata  # noqa: E402
from prepostprocess.preprocess import prepare_person  # noqa: E402
from utils.calibration.labels import choose_labelled  # noqa: E402
from utils.runners.onnx_session import OnnxSession  # noqa: E402

SHARES = (1.0, 0.9999, 0.999, 0.99)
CONFIDENT = 0.2  # keypoints whose float peak is lower are not counted


def compute_heatmaps(
    session: OnnxSession, people: list[tuple[Path, np.ndarray]], preprocess: str
) -> np.ndarray:
    """Run the network on people's boxes: float32 (N, K, h, w)."""
    maps = []
    for path, box in people:
        tensor, _ = prepare_person(load_rgb(path), box, session.input_wh, preprocess)
        maps.append(session.run(tensor[None])[0])
    return np.concatenate(maps)


def row(maps: np.ndarray, share: float, input_wh: tuple[int, int]) -> str:
    """Round to int8 with this share of the values inside the range; a row of the table."""
    limit = np.quantile(np.abs(maps), share)
    step = limit / 127
    rounded = (np.clip(np.round(maps / step), -128, 127) * step).astype(np.float32)
    before, scores = decode_heatmaps(maps, input_wh)
    shifts = np.hypot(*np.moveaxis(decode_heatmaps(rounded, input_wh)[0] - before, -1, 0))
    counted = scores > CONFIDENT
    noise = ((maps.astype(float) - rounded) ** 2).sum()
    snr = 10 * np.log10((maps.astype(float) ** 2).sum() / noise)
    cut = 100 * (scores[counted] > limit).mean()
    return (
        f"| {share:g} | {limit:.3f} | {cut:.1f} % | {snr:.1f} dB | {shifts[counted].mean():.2f} | "
        f"{np.percentile(shifts[counted], 95):.2f} |"
    )


def main(argv: list[str] | None = None) -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="pose network (.onnx)")
    parser.add_argument("--ann-file", type=Path, required=True, help="COCO annotations")
    parser.add_argument("--img-dir", type=Path, required=True, help="their images")
    parser.add_argument("--preprocess", default="float", help="of a network without metadata")
    args = parser.parse_args(argv)
    session = OnnxSession(args.model, threads=1)
    word = read_metadata(session.metadata, args.model).preprocess or args.preprocess
    people = choose_labelled(args.ann_file, args.img_dir, seed=0, count=sys.maxsize)
    maps = compute_heatmaps(session, people, word)
    print(f"{len(maps)} people, {word}, heatmaps {maps.min():.3f} to {maps.max():.3f}\n")
    print("| share inside | limit | peaks cut off | SNR | mean shift, px | 95 %, px |")
    print("|---|---|---|---|---|---|")
    for share in SHARES:
        print(row(maps, share, session.input_wh))


if __name__ == "__main__":
    main()
