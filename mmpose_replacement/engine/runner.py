"""The mmengine Runner of this toolkit: whole files, processes on CPUs, a readable console."""

import copy
import logging
from datetime import timedelta
from pathlib import Path

import torch
from mmengine.dist import is_distributed, master_only
from mmengine.logging import MMLogger
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import RUNNERS
from mmengine.runner import BaseLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from mmpose_replacement.data.draws import RepeatableDrawsHook
from mmpose_replacement.data.processes import WorkerStart
from mmpose_replacement.engine.acceleration import keep_freed_memory
from mmpose_replacement.engine.pauses import PoseTrainLoop
from models.checkpoints.hook import plain
from models.checkpoints.weights import read_checkpoint
from prepostprocess.files import replacing

CONSOLE_LINES = 4
STEPS = "steps_per_epoch"  # in the meta part of a checkpoint
# what mmengine and PyTorch raise of values in a checkpoint that are none of theirs
NO_STATE = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError)
INNER_MATTERS = ("FileClient", "HardDiskBackend", "SyncBatchNorm", "checkpoint by", "Hooks will be")
FOR_THE_FILE = ("Epoch(train)", "Exp name: ")  # ProgressBarHook says the first for people


class _ForPeople(logging.Filter):
    """Keep every step, dumps of configs and mmengine's remarks on itself off the console."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if any(word in text for word in INNER_MATTERS + FOR_THE_FILE):
            return False
        return record.levelno > logging.INFO or text.count("\n") < CONSOLE_LINES


@RUNNERS.register_module()
class PoseRunner(Runner):
    """mmengine's Runner with six things that version 0.10.7 lacks.

    - Several processes on a machine without a GPU: gloo instead of NCCL, and data parallelism
      without device ids (mmengine calls CUDA in both places).
    - A checkpoint appears under its name only when it is complete.
    - Multi-line dumps go to the log file and not to the console.
    - ``KneronImageSampler`` is told how its loader deals out batches.
    - Loader processes leave Ctrl-C and SIGTERM to the training.
    - A training that was interrupted goes on with the order and the draws of an unbroken one.
    """

    _resumed_from: str | None = None

    def setup_env(self, env_cfg: dict) -> None:
        """Start gloo where mmengine would ask for a CUDA device; all else is mmengine's."""
        torch.set_flush_denormal(True)  # denormals make a CPU many times slower
        keep_freed_memory()
        if self.distributed and not is_distributed() and not torch.cuda.is_available():
            timeout = env_cfg.get("dist_cfg", {}).get("timeout", 1800)
            torch.distributed.init_process_group("gloo", timeout=timedelta(seconds=timeout))
        super().setup_env(env_cfg)

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Wrap for several processes; on CPUs without device ids.

        Weights take the channels-last layout: the same numbers, and depthwise convolutions are
        about 1.5 times as fast with it.

        Args:
            model_wrapper_cfg: mmengine's, for machines with GPUs.
            model: the network.

        Returns:
            The network as the processes train it.
        """
        model = model.to(memory_format=torch.channels_last)
        if self.distributed and not torch.cuda.is_available():
            return MMDistributedDataParallel(
                module=model,
                broadcast_buffers=False,
                find_unused_parameters=self.cfg.get("find_unused_parameters", False),
            )
        return super().wrap_model(model_wrapper_cfg, model)

    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build mmengine's loop over a data set whose draws can be repeated."""
        loader = self._train_dataloader
        if isinstance(loader, dict):
            dataset = {"type": "RepeatableDataset", "dataset": loader["dataset"]}
            self._train_dataloader = {**loader, "dataset": dataset}
            self.register_hook(RepeatableDrawsHook())
        if isinstance(loop, dict) and "type" not in loop and loop.get("by_epoch", True):
            loop = {**loop, "type": "PoseTrainLoop"}
            loop.pop("by_epoch", None)
        return super().build_train_loop(loop)

    @staticmethod
    def build_dataloader(dataloader: DataLoader | dict, *args: object, **kwargs: object) -> object:
        """Build mmengine's loader, whose processes leave signals to this one.

        An image sampler gets batch size and number of processes.
        """
        if isinstance(dataloader, dict) and dataloader["sampler"]["type"] == "KneronImageSampler":
            dataloader = copy.deepcopy(dataloader)
            dataloader["sampler"].setdefault("batch_size", dataloader["batch_size"])
            dataloader["sampler"].setdefault("num_workers", max(dataloader["num_workers"], 1))
        loader = Runner.build_dataloader(dataloader, *args, **kwargs)
        if len(loader) == 0:
            raise ValueError(
                f"batch_size must be at most {len(loader.sampler)}, the people of a process, as "
                f"drop_last leaves smaller batches out, got {loader.batch_size}. Set a smaller "
                "one: --cfg-options train_dataloader.batch_size=N."
            )
        if not isinstance(loader.worker_init_fn, WorkerStart):
            loader.worker_init_fn = WorkerStart(loader.worker_init_fn)
        return loader

    def build_logger(self, *args: object, **kwargs: object) -> MMLogger:
        """Build mmengine's logger; its console handler passes what people want to read."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(_ForPeople())
        return logger

    def resume(self, filename: str, *args: object, **kwargs: object) -> None:
        """Go on from a checkpoint; one that has finished already is refused.

        Raises: ValueError: nothing is left to do, the file holds weights alone, or its epochs had
            another number of steps.
        """
        self._resumed_from = filename
        try:
            super().resume(filename, *args, **kwargs)
        except NO_STATE as err:
            raise _no_state(filename, f"{type(err).__name__}: {err}") from err
        except ValueError as err:
            if str(err).startswith(str(filename)):
                raise
            raise _no_state(filename, str(err)) from err
        self.train_dataloader.sampler.seed = self.seed  # the sampler was made before this was read
        loop = self.train_loop
        is_unjudged = isinstance(loop, PoseTrainLoop) and loop.is_unjudged()
        is_written = all(hook.is_done(self) for hook in self.hooks if hasattr(hook, "is_done"))
        if self.epoch >= self.max_epochs and is_written and not is_unjudged:
            raise ValueError(
                f"{filename}: training must have epochs left, but {self.epoch} of "
                f"{self.max_epochs} are done. Raise max_epochs, or test the checkpoint."
            )

    def load_checkpoint(self, filename: str, *args: object, **kwargs: object) -> dict:
        """Load weights; of a training that goes on, all that it needs must be there.

        Args:
            filename: the checkpoint.
            *args: mmengine's.
            **kwargs: mmengine's.

        Returns:
            The checkpoint, without the config's text, which mmengine would run as a program.

        Raises:
            ValueError: something is missing.
        """
        checkpoint = super().load_checkpoint(filename, *args, **kwargs)
        if filename == self._resumed_from:
            for key in ("meta", "message_hub", "optimizer", "param_schedulers"):
                if not isinstance(checkpoint.get(key), (dict, list)) or not checkpoint[key]:
                    raise _no_state(filename, f"no {key}")
            for key in ("epoch", "iter"):
                if type(checkpoint["meta"].get(key)) is not int:
                    raise _no_state(filename, f"no whole number as {key}")
            self._check_steps(filename, checkpoint["meta"])
            checkpoint["meta"].pop("config", None)
            _restore_arrays(checkpoint["meta"], self.train_dataloader.dataset.metainfo)
        return checkpoint

    def _check_steps(self, filename: str, meta: dict) -> None:
        """Refuse epochs of another length: places in them and learning rates would be others."""
        before, now = meta.get(STEPS), len(self.train_dataloader)
        if before not in (None, now):
            raise ValueError(
                f"{filename}: an epoch must have the {before} steps that it had, got {now}. Set "
                "batch size, number of processes and data as they were, or begin anew with its "
                "weights: --load-from."
            )

    @master_only
    def save_checkpoint(
        self, out_dir: str, filename: str, *args: object, meta: dict | None = None, **kwargs: object
    ) -> None:
        """Write beside the target, move it into place once our own reader takes it.

        Args:
            out_dir: the folder.
            filename: the file in it.
            *args: mmengine's.
            meta: facts to keep in it; the number of steps an epoch is added.
            **kwargs: mmengine's.

        Raises:
            ValueError: something in it is more than tensors and plain values.
        """
        with replacing(Path(out_dir, filename)) as partial:
            meta = {**(meta or {}), STEPS: len(self.train_dataloader)}
            super().save_checkpoint(str(partial.parent), partial.name, *args, meta=meta, **kwargs)
            read_checkpoint(partial)


def _restore_arrays(meta: dict, ours: dict) -> None:
    """Put the data set's own facts in the place of equal ones: mmengine compares their pickles."""
    if meta.get("dataset_meta") in (plain(ours), None):
        meta["dataset_meta"] = ours


def _no_state(filename: str, found: str) -> ValueError:
    return ValueError(
        f"{filename}: checkpoint must hold the state of a training to go on from, got "
        f"{found.splitlines()[0]:.200}. Use --load-from to begin with its weights."
    )
