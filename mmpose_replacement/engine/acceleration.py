"""What makes a training step fast on the machine at hand without changing what is learnt.

Channels-last weights are ``PoseRunner``'s; here are the optimiser in one kernel, autocast, pinned
memory, memory that is kept between steps, and compilation of the backbone, whose many small
operators are what a GPU waits for.
"""

import ctypes
import importlib.util
import shutil
import sys

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmpose_replacement.config.hooks import add_hook

FUSED_OPTIMIZERS = ("Adam", "AdamW", "SGD")
COMPILERS = ("c++", "g++", "clang++")  # the compiler of torch.compile on a CPU is one of these
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
LARGEST_MMAP_THRESHOLD = 2**25  # bytes; glibc refuses more
STEPS_WORTH_COMPILING = 2_000  # a minute or two of compiling is repaid after about as many


def choose_acceleration(config: Config, *, amp: bool | None, compiled: bool | None) -> None:
    """Write into a config what its training gains from on this machine.

    Args:
        config: changed in place; what it says of ``fused`` or ``pin_memory`` itself, stays.
        amp: autocast on the GPU: bfloat16, or float16 where it has none. None: where it has
            bfloat16. ``check_devices`` refuses True without a GPU.
        compiled: compile the backbone. None: on a GPU, if the training is long enough to repay it.
    Raises: ValueError: compiled is True where no compiler is.
    """
    if config.optim_wrapper.optimizer.type in FUSED_OPTIMIZERS:
        config.optim_wrapper.optimizer.setdefault("fused", True)
    if torch.cuda.is_available():
        config.train_dataloader.setdefault("pin_memory", True)
        config.model.data_preprocessor.setdefault("non_blocking", True)
    _choose_amp(config, amp)
    if compiled:
        _require_compiler()
    if compiled is not False:
        add_hook(config, "CompileHook", always=bool(compiled))


def keep_freed_memory() -> None:
    """Have glibc keep memory for the next tensors instead of handing it back to the kernel.

    A training step frees gigabytes and asks for them again; each page then costs a fault, in which
    other threads wait. The process grows no larger than at its peak. Other C libraries: no effect.

    Source: the manual page mallopt(3).
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(M_MMAP_THRESHOLD, LARGEST_MMAP_THRESHOLD)
        library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def _choose_amp(config: Config, amp: bool | None) -> None:
    """Turn on autocast: bfloat16 where the GPU has it, else, if asked for, scaled float16."""
    has_bfloat16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported(
        including_emulation=False
    )
    if amp or (amp is None and has_bfloat16):
        config.optim_wrapper.type = "AmpOptimWrapper"
        config.optim_wrapper.dtype = "bfloat16" if has_bfloat16 else "float16"
        config.optim_wrapper.loss_scale = 1.0 if has_bfloat16 else "dynamic"


def _require_compiler() -> None:
    """Refuse to promise compilation where its back end cannot work."""
    if torch.cuda.is_available():
        if not importlib.util.find_spec("triton"):
            raise ValueError(
                "--compile needs the package triton on a GPU. Install it, or leave out."
            )
    elif not any(map(shutil.which, COMPILERS)):
        raise ValueError(
            f"--compile needs a C++ compiler on a CPU, found none of {', '.join(COMPILERS)}. "
            "Install one, or leave it out."
        )


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile the backbone for training steps; evaluation, weights and their names stay as is.

    Args:
        always: compile on a CPU and for a short training as well.
    """

    priority = "VERY_LOW"  # after EMAHook has copied the plain model

    def __init__(self, *, always: bool = False) -> None:
        self.always = always

    def before_train(self, runner: Runner) -> None:
        """Compile if it pays; the first step then takes a minute or more."""
        if not (self.always or self._pays(runner)):
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        backbone = model.backbone
        # static shapes: an epoch's smaller last batch is compiled once more
        compiled = torch.compile(backbone.forward, dynamic=False)
        plain = backbone.forward

        def forward(images_BCHW: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return (compiled if backbone.training else plain)(images_BCHW)

        backbone.forward = forward
        runner.logger.info("compiling the backbone at the first step: it takes minutes, once")

    def after_train(self, runner: Runner) -> None:
        """Leave the model as it was found."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        model.backbone.__dict__.pop("forward", None)

    @staticmethod
    def _pays(runner: Runner) -> bool:
        return (
            torch.cuda.is_available()
            and torch.cuda.get_device_capability() >= (7, 0)  # what Triton generates code for
            and importlib.util.find_spec("triton") is not None
            and runner.max_iters - runner.iter >= STEPS_WORTH_COMPILING
        )
