"""Logging of the scripts that mmengine does not run: plain lines on standard error."""

import logging


def setup_logging(level: int = logging.INFO) -> None:
    """Send log records of ``level`` and above to standard error, results keep standard output."""
    logging.basicConfig(level=level, format="%(levelname)s: %(message)s")
