"""Read the dated operator tables and answer which cell of them decides for an operator."""

import difflib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from utils.onnx_graph.npu.errors import NpuCheckError

FOLDER = Path(__file__).parent / "tables"


@dataclass(frozen=True)
class Cell:
    """What one table states for one operator on one chip.

    Attributes:
        row: "Y", "N", "unlisted" or the key of a note.
        says: the note in a few words; empty without a note.
        forms: alternatives, each a mapping of rule name to its argument, all of which must hold.
        table: date of the table that the cell was read from.
        assumed: the asked table does not state the row and the newest one stands in.
    """

    row: str
    says: str
    forms: tuple[dict[str, Any], ...]
    table: str
    assumed: bool


@dataclass(frozen=True)
class Dispute:
    """A verdict that another document of the vendor contradicts."""

    operators: tuple[str, ...]
    chips: tuple[str, ...]
    verdict: str
    reason: str
    when: dict[str, Any]


@dataclass(frozen=True)
class Table:
    """One dated operator table.

    Attributes:
        name: "YYYY-MM", the word for ``--table``.
        provenance: date, document, commits, read and inferred as the file gives them.
        chips: chips that the table has a column for.
        operators: operator name to one cell key per chip.
        notes: note key to the mapping with ``says`` and ``when``.
        disputes: verdicts of this table that other documents contradict.
        opset: lowest and highest ONNX opset that the toolchain of the time states.
    """

    name: str
    provenance: dict[str, Any]
    chips: tuple[str, ...]
    operators: dict[str, list[str]]
    notes: dict[str, dict[str, Any]]
    disputes: tuple[Dispute, ...]
    opset: tuple[int, int]
    newest: "Table | None" = field(default=None, repr=False)

    def cell(self, operator: str, chip: str) -> Cell:
        """Return what decides for ``operator`` on ``chip``, if need be from the newest table.

        Args:
            operator: its ONNX name.
            chip: its number.

        Returns:
            The cell.
        """
        if self.newest and (chip not in self.chips or operator not in self.operators):
            found = self.newest.cell(operator, chip)
            return Cell(found.row, found.says, found.forms, found.table, assumed=True)
        if operator not in self.operators:
            return Cell("unlisted", "", (), self.name, assumed=False)
        row = self.operators[operator][self.chips.index(chip)]
        if row in ("Y", "N"):
            return Cell(row, "", ({},) if row == "Y" else (), self.name, assumed=False)
        note = self.notes[row]
        forms = note["when"] if isinstance(note["when"], list) else [note["when"]]
        return Cell(row, note["says"], tuple(forms), self.name, assumed=False)

    def named(self, operator: str) -> str:
        """Return an operator's name as the table spells it, upper and lower case aside.

        Args:
            operator: its name in any case.

        Returns:
            The ONNX name.

        Raises:
            NpuCheckError: neither this table nor the newest one lists it.
        """
        known = {*self.operators, *(self.newest.operators if self.newest else ())}
        for name in known:
            if name.lower() == operator.lower():
                return name
        near = difflib.get_close_matches(operator.capitalize(), known, n=1)
        hint = f"Did you mean {near[0]}?" if near else "Use a name that the report lists."
        raise NpuCheckError(
            f"--assume must name an operator of the table, got {operator!r}. {hint}"
        )

    def disputes_of(self, operator: str, chip: str, *, assumed: bool) -> tuple[Dispute, ...]:
        """Return the disputes of the table that decides for ``operator`` on ``chip``.

        Args:
            operator: its ONNX name.
            chip: its number.
            assumed: whether the cell comes from the newest table.

        Returns:
            The disputes.
        """
        source = self.newest if assumed and self.newest is not None else self
        return tuple(d for d in source.disputes if operator in d.operators and chip in d.chips)


def table_names() -> list[str]:
    """Return the names of all tables at hand, oldest first."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def known_chips() -> list[str]:
    """Return the chips of the newest table, in its order."""
    return list(_read(table_names()[-1]).chips)


def load_table(name: str | None = None) -> Table:
    """Return a table, the newest one without a name.

    Args:
        name: "YYYY-MM" as in :func:`table_names`.

    Raises: NpuCheckError: no table has this name.
    """
    names = table_names()
    name = names[-1] if name is None else name
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.8)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise NpuCheckError(
            f"table must be one of {', '.join(names)}, got {name!r}. "
            f"{hint}Leave it out for {names[-1]}."
        )
    return _read(name)


def check_chip(chip: str) -> str:
    """Return ``chip`` as given if a table knows it.

    Raises: NpuCheckError: unknown chip.
    """
    if chip not in known_chips():
        raise NpuCheckError(
            f"npu must be one of {', '.join(known_chips())} or all, got {chip!r}. "
            "Use the chip's number."
        )
    return chip


@cache
def _read(name: str) -> Table:
    raw = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    newest = table_names()[-1]
    disputes = tuple(
        Dispute(
            tuple(d["operators"]),
            tuple(d["chips"]),
            d["verdict"],
            d["reason"].strip(),
            d.get("when", {}),
        )
        for d in raw.get("disputes", [])
    )
    return Table(
        name=raw["table"],
        provenance={k: raw[k] for k in ("date", "document", "commits", "read", "inferred")},
        chips=tuple(raw["chips"]),
        operators=raw["operators"],
        notes=raw["notes"],
        disputes=disputes,
        opset=(raw["opset"]["min"], raw["opset"]["max"]),
        newest=None if name == newest else _read(newest),
    )
