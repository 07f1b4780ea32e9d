"""What every script does with a user's mistake: one line, and a non-zero exit code."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

USER_ERRORS = (ValueError, TypeError, FileNotFoundError, KeyError, AssertionError)


@contextmanager
def user_errors(*also: type[Exception]) -> Iterator[None]:
    """End the program with ``error: <message>`` and exit code 1 on a user's mistake.

    The environment variable LITEHRNET_TRACEBACK=1 keeps the traceback instead.

    Args:
        also: exception types that count as a user's mistake here, beside the usual ones.
    """
    try:
        yield
    except (*USER_ERRORS, *also) as err:
        if os.environ.get("LITEHRNET_TRACEBACK") == "1":
            raise
        raise SystemExit(f"error: {message_of(err)}") from err


def message_of(err: BaseException) -> str:
    """Return the exception's own words: without a worker's traceback or a KeyError's quotes."""
    text = str(err.args[0]) if isinstance(err, KeyError) and err.args else str(err)
    if "Original Traceback" in text:  # from a data-loading process: the last exception line
        lines = [line for line in text.splitlines() if re.match(r"[\w.]*(Error|Exception): ", line)]
        text = lines[-1].partition(": ")[2] if lines else text
    return text or type(err).__name__
