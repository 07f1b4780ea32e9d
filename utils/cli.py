"""What scripts share: a parser that knows near misses, and one line for a user's mistake."""

import argparse
import difflib
import os
import re
import signal
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from utils.errors import NetworkError
from utils.processes import PARENT

ROOT = Path(__file__).resolve().parents[1]
TRAINING_PACKAGES = ("torch", "torchvision", "mmpose", "mmengine", "mmcv")
USER_ERRORS = (ValueError, OSError, NetworkError)  # most of our own are ValueErrors; else a bug
# said by libraries at import, of no use to whoever runs a script
NOISE = ("Fail to import ``MultiScaleDeformableAttention``", ".*torch.jit.* is deprecated")


class ScriptParser(argparse.ArgumentParser):
    """A script's parser: its help is the docstring as it stands, and a near miss is named.

    Args:
        text: the script's docstring.
    """

    def __init__(self, text: str | None) -> None:
        super().__init__(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        self._words: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read the command line, as argparse does.

        Args:
            args: the words; None: those of this program.
            namespace: argparse's.

        Returns:
            argparse's namespace and the words that are left.
        """
        self._words = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """End with usage, what is wrong, and what was probably meant."""
        meant = [*self._meant_flags(), *self._meant_choices(message)]
        super().error(message + (f"; did you mean {' '.join(meant)}?" if meant else ""))

    def _meant_flags(self) -> Iterator[str]:
        """Name the flag next to each word that looks like one and is none."""
        actions = self._option_string_actions.items()
        flags = [flag for flag, action in actions if action.help != argparse.SUPPRESS]
        for word in self._words:
            name = word.partition("=")[0]
            is_flag = name.startswith("--") and name != "--"
            if is_flag and not any(flag.startswith(name) for flag in self._option_string_actions):
                yield from _near(name, flags)

    def _meant_choices(self, message: str) -> Iterator[str]:
        """Name the choice next to the one that argparse refuses."""
        found = re.match(r"argument (\S+): invalid choice: '([^']*)'", message)
        for action in self._actions if found else ():
            if found and found[1] in ("/".join(action.option_strings), action.metavar, action.dest):
                yield from _near(found[2], map(str, action.choices or ()))


def _near(word: str, known: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word, list(known), n=1)


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
