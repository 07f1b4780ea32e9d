"""What ends a run although no single image is at fault."""


class NetworkError(RuntimeError):
    """A network that fails on whatever it is given; its text is one line."""
