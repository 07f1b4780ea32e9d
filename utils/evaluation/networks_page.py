"""Several networks on the same people: one table, and whom the later ones lose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prepostprocess.image import load_rgb
from utils.contact_sheet import contact_sheet
from utils.evaluation.comparison import Match
from utils.evaluation.pair_picture import pair_tiles
from utils.joints import Joints
from utils.pages.page import Html, document, heading, paragraph, picture, pictures, table

SHIFT = "mean shift, px"
_SIDE = 240  # pixels of a person
_LEAST_LOSS = 0.005  # of similarity: what its two digits can show


@dataclass(frozen=True)
class JudgedNetwork:
    """What a network answered.

    Attributes:
        file: the network.
        preprocess: the word that its images were prepared by.
        figures: names of metrics to figures.
        matches: the labelled people with its answers, in the same order for all networks.
    """

    file: Path
    preprocess: str
    figures: Mapping[str, float]
    matches: list[Match]


def comparison_rows(networks: Sequence[JudgedNetwork]) -> list[dict]:
    """Put networks into rows, for a table or a program.

    Args:
        networks: the first is what the others are held against.

    Returns:
        A dict a network: file, preprocess, each figure, and the mean distance of its labelled
        joints from those of the first, in source pixels.
    """
    return [
        {
            "network": network.file.name,
            "preprocess": network.preprocess,
            **{name: float(value) for name, value in network.figures.items()},
            SHIFT: _shift(networks[0], network),
        }
        for network in networks
    ]


def to_comparison_page(
    networks: Sequence[JudgedNetwork], joints: Joints, count: int, more: Iterable[str] = ()
) -> str:
    """Write the page.

    Args:
        networks: the first is what the others are held against.
        joints: the K keypoints.
        count: people shown whom a network loses, for each but the first.
        more: pieces that follow.

    Returns:
        HTML.

    Raises:
        OSError, ValueError: an image cannot be read.
    """
    rows = comparison_rows(networks)
    first = networks[0]
    text = f"{len(first.matches)} people, the same for all, cut out by their labelled boxes. The "
    text += f"last column: how far labelled joints are from where {first.file.name} puts them."
    parts = [table(list(rows[0]), [list(row.values()) for row in rows]), paragraph(text)]
    for network in networks[1:]:
        parts += _lost(first, network, joints, count)
    title = f"{first.file.name} and {len(networks) - 1} more"
    return document(title, [*parts, *more])


def _shift(first: JudgedNetwork, network: JudgedNetwork) -> float:
    moved = [
        np.hypot(*(b.prediction.keypoints - a.prediction.keypoints)[a.truth.labelled].T)
        for a, b in zip(first.matches, network.matches, strict=True)
        if a.prediction is not None and b.prediction is not None
    ]
    return float(np.concatenate(moved).mean()) if moved else float("nan")


def _lost(first: JudgedNetwork, network: JudgedNetwork, joints: Joints, count: int) -> list[Html]:
    """The people whose similarity falls most, as label, first answer, this answer."""
    pairs = sorted(
        zip(first.matches, network.matches, strict=True),
        key=lambda pair: pair[1].similarity - pair[0].similarity,
    )
    lost = [(a, b) for a, b in pairs[:count] if a.similarity - b.similarity >= _LEAST_LOSS]
    figures = []
    for before, after in lost:
        image = load_rgb(Path(str(before.truth.image)))
        tiles, captions = pair_tiles(image, before, joints, _SIDE)
        last, told = pair_tiles(image, after, joints, _SIDE)
        sheet = contact_sheet([*tiles, last[1]], columns=3, captions=[*captions, told[1]])
        figures.append(picture(sheet, Path(str(before.truth.image)).name))
    title = f"Whom {network.file.name} loses most: label, {first.file.name}, {network.file.name}"
    return [heading(title), pictures(figures)] if figures else []
