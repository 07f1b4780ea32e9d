"""One page about a training: how it went, how good it is, where it errs, and on whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prepostprocess.image import load_rgb
from utils.evaluation.comparison import Match, joint_table
from utils.evaluation.error_kinds import ERROR_KINDS, classify_joints, similarity_without
from utils.evaluation.pair_picture import draw_pair
from utils.joints import Joints
from utils.pages.charts import bar, legend, stacked_bar
from utils.pages.page import (
    Html,
    cards,
    document,
    escaped,
    folded,
    heading,
    paragraph,
    picture,
    pictures,
    table,
)

KIND_COLOURS = dict(
    zip(ERROR_KINDS, ("#59a14f", "#f1ce63", "#b07aa1", "#4e79a7", "#e15759"), strict=True)
)
TILE_SIDE = 256  # pixels
SIZES = {"small, below 32 x 32": 0, "medium": 32**2, "large, from 96 x 96": 96**2}  # least area


@dataclass(frozen=True)
class RunFacts:
    """What the page is about.

    Attributes:
        title: its headline.
        remarks: lines below it.
        figures: which boxes, to names of metrics and their figures.
        curves: a PNG file's content, or None.
        joints: the K keypoints.
        matches: the labelled people, cut out by their own boxes; ``image`` is the image's file.
        texts: title to text, for those who look closer (config, environment).
    """

    title: str
    remarks: tuple[str, ...]
    figures: Mapping[str, Mapping[str, float]]
    curves: bytes | None
    joints: Joints
    matches: list[Match]
    texts: Mapping[str, str]


def to_page(facts: RunFacts, count: int) -> str:
    """Write the page.

    Args:
        facts: what it is about.
        count: people shown of the best, and of the worst.

    Returns:
        HTML.

    Raises:
        OSError, ValueError: an image cannot be read.
    """
    matches = [match for match in facts.matches if match.truth.labelled.any()]
    first = next(iter(facts.figures.values()))
    return document(
        facts.title,
        [
            *map(paragraph, facts.remarks),
            cards([(name.split("/")[-1], float(value)) for name, value in list(first.items())[:6]]),
            *([heading("Curves"), picture(facts.curves)] if facts.curves else []),
            heading("Figures"),
            _figures(facts.figures),
            *_people(matches, facts.joints, count),
            *(folded(title, text) for title, text in facts.texts.items()),
        ],
    )


def _people(matches: list[Match], joints: Joints, count: int) -> list[Html]:
    """All that is said of single people; nothing where nobody is labelled."""
    if not matches:
        return [paragraph("Nobody has a labelled joint, so nothing is said of joints and people.")]
    kinds = classify_joints(matches, joints)
    order = sorted(range(len(matches)), key=lambda i: matches[i].similarity)
    shown = {"Worst people": order[:count], "Best people": order[::-1][:count]}
    parts = [heading("Errors"), *_errors(matches, kinds, joints), heading("Joints")]
    parts += [_joints(matches, kinds, joints), heading("Sizes of people"), _sizes(matches)]
    for title, places in shown.items():
        figures = (
            picture(draw_pair(load_rgb(Path(str(m.truth.image))), m, joints, TILE_SIDE), _name(m))
            for m in (matches[i] for i in places)
        )
        parts += [heading(title), pictures(figures)]
    return parts


def _name(match: Match) -> str:
    return Path(str(match.truth.image)).name


def _figures(figures: Mapping[str, Mapping[str, float]]) -> Html:
    names = list(dict.fromkeys(name.split("/")[-1] for each in figures.values() for name in each))
    plain = [{k.split("/")[-1]: float(v) for k, v in each.items()} for each in figures.values()]
    rows = [[name, *(each.get(name, float("nan")) for each in plain)] for name in names]
    return table(["metric", *(f"{boxes} boxes" for boxes in figures)], rows)


def _errors(matches: list[Match], kinds: np.ndarray, joints: Joints) -> list[Html]:
    means = similarity_without(matches, kinds, joints)
    labelled = (kinds >= 0).sum()
    rows = [
        [
            kind,
            int((kinds == place).sum()),
            Html(f"{(kinds == place).sum() / labelled:.1%}"),
            bar((kinds == place).sum() / labelled, KIND_COLOURS[kind]),
            Html(f"+{means[kind] - means['good']:.3f}" if place else ""),
        ]
        for place, kind in enumerate(ERROR_KINDS)
    ]
    text = "good: similarity of at least .85; jitter: .5 to .85; inversion: on the other side's "
    text += "joint; swap: on another person's; miss: elsewhere (Ronchi and Perona 2017). Mean OKS "
    text += f"is {means['good']:.3f}; the last column says what it would gain if all errors of the "
    text += "kind were put right."
    return [table(["kind", "joints", "share", "", "OKS if mended"], rows), paragraph(text)]


def _joints(matches: list[Match], kinds: np.ndarray, joints: Joints) -> Html:
    rows = []
    for k, row in enumerate(joint_table(matches, joints)):
        found = kinds[:, k][kinds[:, k] >= 0]
        shares = {
            kind: float(np.mean(found == i)) for i, kind in enumerate(ERROR_KINDS) if len(found)
        }
        rows.append(
            [
                row["joint"],
                row["labelled"],
                float(row["l2"]),
                float(row["similarity"]),
                stacked_bar(shares, KIND_COLOURS),
            ]
        )
    return Html(
        legend(KIND_COLOURS)
        + table(["joint", "labelled", "mean distance, px", "similarity", "kinds"], rows)
    )


def _sizes(matches: list[Match]) -> Html:
    areas = np.array([match.truth.area for match in matches])
    similar = np.array([match.similarity for match in matches])
    ends = [*list(SIZES.values())[1:], np.inf]
    rows = []
    for (name, least), end in zip(SIZES.items(), ends, strict=True):
        of_size = similar[(areas >= least) & (areas < end)]
        if len(of_size):
            shares = [float(np.mean(of_size >= bound)) for bound in (0.5, 0.75)]
            rows.append([name, len(of_size), float(of_size.mean()), *shares])
    header = [escaped("area, pixels"), "people", "mean OKS", "OKS from .5", "OKS from .75"]
    return table(header, rows)
