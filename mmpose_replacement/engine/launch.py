"""Starting one process per device on this machine."""

import logging
import os
from collections.abc import Sequence

from torch.distributed import run
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError


def launch_local(script: str, arguments: Sequence[str], num_processes: int) -> None:
    """Run a script in several processes through torch's elastic launch and wait for them.

    Args:
        script: path of the script; it must understand ``--launcher pytorch``.
        arguments: its own arguments; ``--launcher`` overrides ``--gpus`` and ``--gpu-ids`` there.
        num_processes: processes on this machine.
    Raises: SystemExit: one of them failed, and has said why.
    """
    threads = str(max(1, (os.cpu_count() or 1) // num_processes))
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, threads)
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    # standalone: a free port on the local machine; torch ends the others when one fails
    options = ["--standalone", f"--nproc-per-node={num_processes}"]
    try:
        run.main([*options, script, *arguments, "--launcher", "pytorch"])
    except ChildFailedError as err:
        raise SystemExit(1) from err
