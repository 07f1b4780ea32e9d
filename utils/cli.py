"""What every script does with a user's mistake: one line, and a non-zero exit code."""

import argparse
import os
import re
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.errors import NetworkError
from utils.processes import PARENT

ROOT = Path(__file__).resolve().parents[1]
TRAINING_PACKAGES = ("torch", "torchvision", "mmpose", "mmengine", "mmcv")
USER_ERRORS = (ValueError, OSError, NetworkError)  # most of our own are ValueErrors; else a bug
# said by libraries at import, of no use to whoever runs a script
NOISE = ("Fail to import ``MultiScaleDeformableAttention``", ".*torch.jit.* is deprecated")


def add_network_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that name the YAML files of the three networks."""
    for name in ("yolov5", "rsn_affine", "lite_hrnet"):
        parser.add_argument(
            f"--{name}_params",
            f"--{name.replace('_', '-')}-params",
            type=Path,
            metavar="YAML",
            default=ROOT / f"utils/{name}_init_params.yaml",
            help=f"default: utils/{name}_init_params.yaml",
        )


def network_files(args: argparse.Namespace) -> tuple[Path, Path, Path]:
    """Return what ``add_network_flags`` read: detector, crop, pose network."""
    return args.yolov5_params, args.rsn_affine_params, args.lite_hrnet_params


@contextmanager
def user_errors() -> Iterator[None]:
    """End the program with ``error: <message>`` and exit code 1 on a user's mistake.

    Ctrl-C ends it with exit code 130, SIGTERM with 143; both let it tidy up. The environment
    variable LITEHRNET_TRACEBACK=1 keeps the traceback instead. Any other exception is a fault of
    ours and shows its traceback.
    """
    for text in NOISE:
        warnings.filterwarnings("ignore", message=text)
    is_started_by_us = PARENT in os.environ  # the parent speaks for it, and ends it at once
    tidies_up = threading.current_thread() is threading.main_thread() and not is_started_by_us
    before = signal.signal(signal.SIGTERM, _end) if tidies_up else None
    try:
        yield
    except KeyboardInterrupt:
        if not is_started_by_us:
            print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    except ModuleNotFoundError as err:
        package = (err.name or "").partition(".")[0]
        if package not in TRAINING_PACKAGES or os.environ.get("LITEHRNET_TRACEBACK") == "1":
            raise
        raise SystemExit(
            f"error: {package} must be installed for this, but it is not; an ONNX file needs none. "
            "Run: pip install -r requirements.txt"
        ) from err
    except USER_ERRORS as err:
        if os.environ.get("LITEHRNET_TRACEBACK") == "1":
            raise
        raise SystemExit(f"error: {message_of(err)}") from err
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _end(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def message_of(err: BaseException) -> str:
    """Return the exception's own words, without a worker's traceback."""
    if isinstance(err, OSError) and err.filename and err.strerror:
        return f"{err.filename}: {err.strerror}. Check the path, the rights and the space there."
    text = str(err)
    if "Original Traceback" in text:  # from a data-loading process: the last exception line
        lines = [line for line in text.splitlines() if re.match(r"[\w.]*(Error|Exception): ", line)]
        text = lines[-1].partition(": ")[2] if lines else text
    return text or type(err).__name__
