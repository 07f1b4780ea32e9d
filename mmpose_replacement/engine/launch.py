"""Starting one process per device on this machine."""

import logging
import os
import sys
from collections.abc import Sequence

from torch.distributed import run
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

from utils.processes import PARENT


def launch_local(script: str, arguments: Sequence[str], num_processes: int) -> None:
    """Run a script in several processes through torch's elastic launch and wait for them.

    Args:
        script: path of the script; it must understand ``--launcher pytorch``.
        arguments: its own arguments; ``--launcher`` overrides ``--gpus`` and ``--gpu-ids`` there.
        num_processes: processes on this machine.
    Raises: SystemExit: one of them failed, and has said why; or this process was told to end
        (130 after Ctrl-C, 143 after SIGTERM).
    """
    threads = str(max(1, (os.cpu_count() or 1) // num_processes))
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, threads)
    for name in logging.root.manager.loggerDict:
        if name.startswith("torch.distributed.elastic"):  # each has a level of its own
            logging.getLogger(name).setLevel(logging.CRITICAL)
    # standalone: a free port on the local machine; torch ends the others when one fails
    options = ["--standalone", f"--nproc-per-node={num_processes}"]
    os.environ[PARENT] = str(os.getpid())
    try:
        run.main([*options, script, *arguments, "--launcher", "pytorch"])
    except ChildFailedError as err:
        raise SystemExit(1) from err
    except SignalException as err:  # the processes have been ended by the same signal
        print("the same command with --resume goes on from the last checkpoint", file=sys.stderr)
        print("interrupted", file=sys.stderr)
        raise SystemExit(128 + err.sigval) from None
