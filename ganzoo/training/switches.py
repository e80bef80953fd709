"""The switches of torch and of other libraries that a run sets for the whole program."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

from ganzoo.launcher import local_process_count
from ganzoo.machine import threads
from ganzoo.sections import TrainOptions
from ganzoo.training.host_memory import freed_memory_is_kept


@contextmanager
def switches(settings: TrainOptions) -> Iterator[None]:
    """A context with the switches of a run; afterwards, also after an error, all are as before.

    The states of the global random number generators are restored, too.
    """
    cudnn, logger = torch.backends.cudnn, logging.getLogger("lightning_fabric")
    precision = torch.get_float32_matmul_precision()
    before, level = (cudnn.deterministic, cudnn.allow_tf32), logger.level
    cuda = settings.device not in ("cpu", "mps") and torch.cuda.is_available()
    device = torch.cuda.current_device() if cuda else 0
    threads_before = torch.get_num_threads()
    try:
        devices = range(torch.cuda.device_count()) if cuda else []
        memory = nullcontext() if cuda else freed_memory_is_kept()
        with (
            torch.random.fork_rng(devices),
            memory,
            _compiler_switches(settings),
            own_modes(),
        ):
            logger.setLevel(logging.WARNING)  # it logs every start at length
            torch.set_float32_matmul_precision(
                "high" if settings.precision == "tf32" else "highest"
            )
            # The fastest algorithm that cuDNN finds differs between starts, and so do last bits.
            cudnn.deterministic, cudnn.allow_tf32 = True, settings.precision == "tf32"
            torch.set_num_threads(_threads(settings))
            yield
    finally:
        torch.set_num_threads(threads_before)
        logger.setLevel(level)
        torch.set_float32_matmul_precision(precision)
        cudnn.deterministic, cudnn.allow_tf32 = before
        if cuda:
            torch.cuda.set_device(device)


@contextmanager
def own_modes() -> Iterator[None]:
    """A context with gradients and float32, whatever the calling program has chosen for itself."""
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.inference_mode(False), torch.enable_grad(), torch.autocast("cpu", enabled=False):
            yield
    finally:
        torch.set_default_dtype(dtype)


@contextmanager
def _compiler_switches(settings: TrainOptions) -> Iterator[None]:
    """A context in which torch.compile does not warn, and its gradients may be computed twice."""
    if settings.compile == "off":
        yield
        return
    import torch._functorch.config as functorch

    with warnings.catch_warnings(), functorch.patch(donated_buffer=False):
        warnings.filterwarnings("ignore", module=r"torch\.")  # of code that it runs eagerly
        yield


def _threads(settings: TrainOptions) -> int:
    """The number of threads for computation in each process.

    ``auto`` divides the physical cores among the processes of this machine, but never raises the
    number that a program has set before, such as that of a worker of a sweep.
    """
    if settings.threads != "auto":
        return settings.threads
    processes = local_process_count(settings.devices, settings.nodes)
    return threads(torch.get_num_threads(), processes)
