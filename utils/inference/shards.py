"""A run over many images in parts, for array jobs: each part has files of its own."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Shard:
    """A part of a run.

    Attributes:
        number: which one, from 1.
        count: how many there are.
    """

    number: int
    count: int

    def of(self, items: Sequence[_Item]) -> Sequence[_Item]:
        """Return this part: neighbours, so that all parts in turn are the whole."""
        first, last = (len(items) * k // self.count for k in (self.number - 1, self.number))
        return items[first:last]

    def path(self, path: Path) -> Path:
        """Return where this part's results go, beside those of the whole."""
        return path.with_name(f"{path.stem}.{self.number}-of-{self.count}{path.suffix}")


def all_shards(count: int) -> list[Shard]:
    """Return the parts of a run."""
    return [Shard(number, count) for number in range(1, count + 1)]


def parse_shard(text: str) -> Shard:
    """Read "2/8", the second of eight parts.

    Raises: argparse.ArgumentTypeError: it is something else.
    """
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"must be K/N with K from 1 to N, as 2/8, got '{text}'")
    return Shard(int(match[1]), int(match[2]))
