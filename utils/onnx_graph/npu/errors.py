"""The one exception that the NPU check raises for what a user can cause, and others' words."""


class NpuCheckError(ValueError):
    """A model, chip, table or output path that cannot be used; the text is one line."""


def first_line(err: BaseException) -> str:
    """Return the first line that says something of an error's text, without its full stop."""
    lines = [line.strip().rstrip(".") for line in str(err).splitlines()]
    return next((line for line in lines if line), type(err).__name__)
