"""Processes that outlive nobody."""

import os
import signal
import threading
import time

PARENT = "LITEHRNET_PARENT"  # environment variable: number of the process that started this one
RANKS = ("RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")  # torchrun's, Open MPI's, Slurm's
_LOOK_SECONDS = 0.5


def end_with(parent: int) -> None:
    """End this process soon after another one, however that ended; SIGKILL lets it tell nobody.

    Args:
        parent: number of the process that started this one.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


def end_with_launcher() -> None:
    """End with the process that started this one among others of a training, if one did."""
    if PARENT in os.environ:
        end_with(int(os.environ[PARENT]))


def is_first() -> bool:
    """Tell whether this process is the only one of a training, or the first of several."""
    ranks = (os.environ.get(name) for name in RANKS)
    return next((rank for rank in ranks if rank is not None), "0") == "0"


def serve(parent: int) -> None:
    """Prepare a process of a pool: it ends with its parent, which alone answers Ctrl-C.

    Args:
        parent: number of the process that holds the pool.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)
