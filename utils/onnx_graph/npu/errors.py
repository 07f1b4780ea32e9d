"""The one exception that the NPU check raises for what a user can cause."""


class NpuCheckError(ValueError):
    """A model, chip, table or output path that cannot be used; the text is one line."""
