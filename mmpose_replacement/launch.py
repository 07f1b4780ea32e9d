"""Starting one process per device on this machine."""

import sys
from collections.abc import Sequence

from torch.distributed import run


def launch_local(script: str, arguments: Sequence[str], num_processes: int) -> None:
    """Run a script in several processes through torch's elastic launch and wait for them.

    Args:
        script: path of the script; it must understand ``--launcher pytorch``.
        arguments: its own arguments, without ``--gpus`` and ``--gpu-ids``.
        num_processes: processes on this machine.
    Raises: torch.distributed.elastic.multiprocessing.errors.ChildFailedError: one of them failed.
    """
    # standalone: a free port on the local machine; torch ends the others when one fails
    options = ["--standalone", f"--nproc-per-node={num_processes}"]
    sys.stdout.flush()
    run.main([*options, script, *arguments, "--launcher", "pytorch"])
