"""Measure the pose stage against rtmlib's, and batch sizes on crowded images.

    python benchmarks/e2e_speed.py ../shared --own own_dynamic.onnx

rtmlib runs the same onnxruntime session on the same images and boxes, one thread, its `BaseTool`
subclassed for a heatmap network (argmax and quarter shift, in numpy). Times are processor seconds
of this process, so another load on the machine counts little; the two take turns image by image.
"""

import argparse
import json
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

CROWD = 5  # people in an image that is called crowded


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path, help="folder with data/coco and models")
    parser.add_argument("--own", type=Path, help="network of export2onnx.py --dynamic-batch")
    parser.add_argument("--images", type=int, default=40, help="crowded and other, from the start")
    return parser.parse_args(argv)


class TimedSession:
    """A network that adds up the processor time it takes."""

    def __init__(self, session: object) -> None:
        self.session, self.seconds = session, 0.0

    def __getattr__(self, name: str) -> object:
        return getattr(self.session, name)

    def run(self, *args: object) -> list:
        """Run and count."""
        began = time.process_time()
        outputs = self.session.run(*args)
        self.seconds += time.process_time() - began
        return outputs


def rtmlib_tool(network: Path, session: object):
    """Rtmlib's top-down tool for a heatmap network, on a given session."""
    import numpy as np
    from rtmlib.tools.base import BaseTool
    from rtmlib.tools.pose_estimation.rtmpose import RTMPose

    class HeatmapPose(RTMPose):
        """RTMPose's loop and crop, heatmaps instead of SimCC."""

        def postprocess(self, outputs, center, scale):
            maps = outputs[0]
            n, k, height, width = maps.shape
            flat = maps.reshape(n, k, -1)
            peak, scores = flat.argmax(axis=2), flat.max(axis=2)
            x, y = peak % width, peak // width
            inside_x, inside_y = (x > 0) & (x < width - 1), (y > 0) & (y < height - 1)
            padded = np.pad(maps, [(0, 0), (0, 0), (1, 1), (1, 1)])
            i, j = np.ogrid[:n, :k]
            dx = np.sign(padded[i, j, y + 1, x + 2] - padded[i, j, y + 1, x])
            dy = np.sign(padded[i, j, y + 2, x + 1] - padded[i, j, y, x + 1])
            points = np.stack([x + 0.25 * dx * inside_x, y + 0.25 * dy * inside_y], axis=-1)
            points = points / [width, height] * scale + center - scale / 2
            return points, scores

    assert issubclass(HeatmapPose, BaseTool)
    tool = HeatmapPose(str(network))
    tool.session = session
    return tool


def load_work(shared: Path, limit: int) -> list[tuple]:
    """(image, its labelled boxes) of the validation sample."""
    import numpy as np

    from prepostprocess.image import load_rgb

    coco = shared / "data/coco"
    truth = json.loads((coco / "annotations/person_keypoints_val2017.json").read_text())
    work = []
    for entry in truth["images"][:limit]:
        boxes = [a["bbox"] for a in truth["annotations"] if a["image_id"] == entry["id"]]
        image = load_rgb(coco / "val2017" / entry["file_name"])
        work.append((image, np.array(boxes, np.float32)))
    return work


def make_pipeline(network: Path, batch_size: int | None = None):
    """The pose stage on one thread."""
    from utils.runners.lite_hrnet_runner import LiteHrnetRunner
    from utils.runners.onnx_session import OnnxSession
    from utils.runners.pipeline import PosePipeline
    from utils.runners.pose_params import LiteHrnetParams, RsnAffineParams
    from utils.runners.pose_spec import make_spec
    from utils.runners.rsn_affine_runner import RsnAffineRunner

    here = Path(__file__)
    session = OnnxSession(network, 1)
    own = "preprocess" in session.metadata
    words = {} if own else {"preprocess": "float", "decoder": "quarter"}
    params = LiteHrnetParams(here, network, batch_size=batch_size, **words)
    spec = make_spec(session, params, RsnAffineParams(here))
    return PosePipeline(None, RsnAffineRunner(spec), LiteHrnetRunner(session, spec, params))


def against_rtmlib(shared: Path, limit: int) -> dict:
    """Processor milliseconds a person, whole and outside the network, of both."""
    import cv2
    import numpy as np

    from prepostprocess.crop.box import xywh_to_xyxy

    cv2.setNumThreads(1)
    network = shared / "models/pp_tinypose_256x192.onnx"
    pipeline = make_pipeline(network)
    session = pipeline.pose.session
    timed = {"ours": TimedSession(session._session), "rtmlib": TimedSession(session._session)}
    session._session = timed["ours"]
    tool = rtmlib_tool(network, timed["rtmlib"])
    work = load_work(shared, limit)
    seconds, people, gap = dict.fromkeys(timed, 0.0), 0, 0.0
    calls = {
        "ours": lambda image, boxes: pipeline(image, boxes).keypoints,
        "rtmlib": lambda image, boxes: tool(image, xywh_to_xyxy(boxes))[0],
    }
    for name, call in calls.items():  # warm up
        call(*work[0])
        timed[name].seconds = 0.0
    for turn, (image, boxes) in enumerate(work):
        found = {}
        # Who comes second finds the image in the processor's cache, so they take turns at that too.
        for name, call in sorted(calls.items(), reverse=bool(turn % 2)):
            began = time.process_time()
            found[name] = call(image, boxes)
            seconds[name] += time.process_time() - began
        gap = max(gap, float(np.abs(found["ours"] - found["rtmlib"]).max()))
        people += len(boxes)
    row = {"images": len(work), "people": people, "largest_gap_px": round(gap, 3)}
    for name in timed:
        row[f"{name}_ms"] = round(1e3 * seconds[name] / people, 2)
        row[f"{name}_outside_ms"] = round(1e3 * (seconds[name] - timed[name].seconds) / people, 2)
    return row


def batches(shared: Path, own: Path, limit: int) -> list[dict]:
    """Processor milliseconds a person by batch size, on the crowded images."""
    crowded = [pair for pair in load_work(shared, 10**6) if len(pair[1]) >= CROWD][:limit]
    rows = []
    for batch_size in (1, 8, 16, None):
        pipeline = make_pipeline(own, batch_size)
        people = sum(len(boxes) for _, boxes in crowded)
        began = time.process_time()
        for image, boxes in crowded:
            pipeline(image, boxes)
        spent = time.process_time() - began
        rows.append(
            {
                "batch": batch_size or "chosen",
                "images": len(crowded),
                "people": people,
                "ms": round(1e3 * spent / people, 2),
            }
        )
    return rows


def main(argv: list[str] | None = None) -> None:
    """Measure and print one JSON line a row."""
    args = parse_args(argv)
    print(json.dumps(against_rtmlib(args.shared, args.images)), flush=True)
    if args.own:
        for row in batches(args.shared, args.own, args.images):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
