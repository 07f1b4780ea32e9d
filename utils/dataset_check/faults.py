"""What a check finds: faults with examples, count, cause and cure, and how they are told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_NAMED = 3  # culprits named in one line; the rest are counted
ERROR, WARNING, NOTE = "error", "warning", "note"


@dataclass(frozen=True)
class Fault:
    """One kind of fault of one file.

    Attributes:
        kind: a stable word for programs, such as "image-size".
        level: "error": nothing can be learnt or judged so; "warning": usable, but look; "note":
            what was done about something harmless.
        file: the file at fault.
        rule: what must be, in words; a note says what was done.
        count: how many break it; 0 where it cannot be counted.
        examples: the first few, in words.
        cause: what probably happened; empty if nobody can tell.
        cure: what to do.
    """

    kind: str
    level: str
    file: str
    rule: str
    count: int = 0
    examples: tuple[str, ...] = ()
    cause: str = ""
    cure: str = ""

    @property
    def line(self) -> str:
        """The whole as one line."""
        got = f", got {self.count} otherwise" if self.count and self.level != NOTE else ""
        named = f": {name_some(self.examples, self.count)}" if self.examples else ""
        rest = " ".join(part for part in (self.cause, self.cure) if part)
        return f"{self.file}: {self.rule}{got}{named}. {rest}".rstrip()


class DatasetError(ValueError):
    """A data set that must not be used; the message is one line.

    Args:
        faults: at least one error among them.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        errors = [fault for fault in faults if fault.level == ERROR]
        more = len(errors) - 1
        rest = f" (and {more} more kind{'s' if more > 1 else ''} of faults:" if more else ""
        self.faults = tuple(faults)
        super().__init__(
            errors[0].line + (f"{rest} tools/doctor.py {errors[0].file} lists all)" if more else "")
        )


def refuse_errors(faults: Sequence[Fault]) -> None:
    """Raise what must not be used.

    Raises: DatasetError: an error is among the faults.
    """
    if any(fault.level == ERROR for fault in faults):
        raise DatasetError(faults)


def error(
    kind: str, file: object, rule: str, culprits: Iterable[object], cure: str, cause: str = ""
) -> list[Fault]:
    """Make an error of all culprits; none of them makes none.

    Args:
        kind: the fault's key.
        file: where it is.
        rule: what must be, and what was found.
        culprits: who breaks it.
        cure: what to do.
        cause: what may have led to it, or "".

    Returns:
        One fault, or none.
    """
    return _fault(ERROR, kind, file, rule, culprits, cure, cause)


def warning(
    kind: str, file: object, rule: str, culprits: Iterable[object], cure: str, cause: str = ""
) -> list[Fault]:
    """Make a warning of all culprits; none of them makes none.

    Args:
        kind: the fault's key.
        file: where it is.
        rule: what should be, and what was found.
        culprits: who breaks it.
        cure: what to do.
        cause: what may have led to it, or "".

    Returns:
        One fault, or none.
    """
    return _fault(WARNING, kind, file, rule, culprits, cure, cause)


def note(
    kind: str, file: object, rule: str, culprits: Iterable[object], cure: str = "", cause: str = ""
) -> list[Fault]:
    """Make a note of all culprits; none of them makes none.

    Args:
        kind: the note's key.
        file: what it is about.
        rule: what was done.
        culprits: what it was done to.
        cure: what to do if that is not wanted.
        cause: what may have led to it, or "".

    Returns:
        One note, or none.
    """
    return _fault(NOTE, kind, file, rule, culprits, cure, cause)


def name_some(items: Sequence[object], count: int | None = None) -> str:
    """Name the first few, count the rest.

    Args:
        items: what is named.
        count: how many there are; None: these.

    Returns:
        A part of a sentence.
    """
    rest = (len(items) if count is None else max(count, len(items))) - MAX_NAMED
    return ", ".join(str(item) for item in items[:MAX_NAMED]) + (
        f" and {rest} more" if rest > 0 else ""
    )


def _fault(
    level: str,
    kind: str,
    file: object,
    rule: str,
    culprits: Iterable[object],
    cure: str,
    cause: str,
) -> list[Fault]:
    culprits = list(culprits)
    if not culprits:
        return []
    examples = tuple(str(culprit) for culprit in culprits[:MAX_NAMED])
    return [Fault(kind, level, str(file), rule, len(culprits), examples, cause, cure)]
