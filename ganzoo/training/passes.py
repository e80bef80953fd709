"""The forward passes of generator and discriminator, which may be compiled.

torch.compile computes no second derivatives, so passes are compiled only where a step says that
first derivatives are enough. The networks themselves do not change. With CUDA graphs, the operators
of a compiled pass are recorded once and then started together, which saves the time of each launch.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, Self

import torch
from torch import Tensor
from torch.utils._pytree import tree_map_only

from ganzoo.contracts import Discriminator, Generator, MappingGenerator, Networks
from ganzoo.errors import RequestError
from ganzoo.run import Run

BACKEND = "inductor"
"""The compiler behind torch.compile."""
_REFUSED = {
    "does not currently support double backward": "the loss or a regularizer computes second "
    "derivatives of the scores, which torch.compile cannot: write train.compile=off",
    "modified by an inplace operation": "a layer changes in each pass what the gradient of the "
    "pass before needs: write train.compile=off",
    "output of CUDAGraphs that has been overwritten": "the method uses images or gradients of an "
    "earlier update: write train.compile=on",
}
"""What cannot be compiled, by a part of torch's message."""

Pass = Callable[..., Any]
Mode = Literal["off", "on", "cuda-graphs"]
"""Values of ``train.compile`` but ``auto``, which becomes one of them before a run starts."""


class Passes:
    """The forward passes of generator and discriminator.

    Unless ``mode`` is off, those inside ``first_derivatives_only`` are compiled at their first use.
    """

    def __init__(
        self, generator: Generator, discriminator: Discriminator, *, mode: Mode = "off"
    ) -> None:
        # Checked once: a check of a protocol takes longer than most of a step's other code.
        self._maps = isinstance(generator, MappingGenerator)
        self._eager = _passes(generator, discriminator)
        self._compiled: dict[str, Pass] = {}
        self._first_derivatives_only = False
        self._setting = f"train.compile={mode}"
        if mode != "off":
            compiled = partial(_compiled, graphs=mode == "cuda-graphs", setting=self._setting)
            self._compiled = {name: compiled(eager) for name, eager in self._eager.items()}

    @classmethod
    def of(cls, networks: Networks, run: Run) -> Self:
        """The passes of a run, compiled if its settings say so."""
        mode = run.train.compile
        return cls(
            networks.generator, networks.discriminator, mode="off" if mode == "auto" else mode
        )

    def images(self, latents: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The generated images, and the intermediate latents if the generator has some."""
        passes = self._present()
        if self._maps:
            intermediate = passes["map"](latents, condition)
            return passes["synthesize"](intermediate), intermediate
        return passes["generator"](latents, condition), None

    def scores(self, images: Tensor, condition: Tensor | None) -> Tensor:
        """The discriminator's scores."""
        scores: Tensor = self._present()["discriminator"](images, condition)
        return scores

    @contextmanager
    def first_derivatives_only(self) -> Iterator[None]:
        """A context for passes of which no second derivatives are computed."""
        before, self._first_derivatives_only = self._first_derivatives_only, True
        try:
            yield
        finally:
            self._first_derivatives_only = before

    @contextmanager
    def errors(self) -> Iterator[None]:
        """A context that raises RequestError for what cannot be compiled."""
        try:
            yield
        except RuntimeError as error:
            reason = next((why for part, why in _REFUSED.items() if part in str(error)), None)
            if self._compiled and reason:
                raise RequestError(f"{self._setting}: {reason}") from error
            raise

    def _present(self) -> dict[str, Pass]:
        return self._compiled if self._compiled and self._first_derivatives_only else self._eager


def _passes(generator: Generator, discriminator: Discriminator) -> dict[str, Pass]:
    """The passes of both networks by name."""
    if isinstance(generator, MappingGenerator):
        named: dict[str, Pass] = {"map": generator.map, "synthesize": generator.synthesize}
    else:
        named = {"generator": generator}
    return {**named, "discriminator": discriminator}


def _compiled(run: Pass, *, graphs: bool, setting: str) -> Pass:
    """The compiled form of a pass, which draws the same random numbers."""
    # Inside a network's __call__, its context for errors would end the compiled graph.
    function = run._call_impl if isinstance(run, torch.nn.Module) else run
    options: dict[str, Any] | None = None
    if BACKEND == "inductor":
        options = {"fallback_random": True, "triton.cudagraphs": graphs}
    compiled = torch.compile(function, dynamic=False, backend=BACKEND, options=options)

    def call(*arguments: Any) -> Any:
        from torch._dynamo.exc import TorchDynamoException

        try:
            result = compiled(*arguments)
            # The next pass of a CUDA graph writes into the memory of this result.
            return tree_map_only(Tensor, torch.clone, result) if graphs else result
        except TorchDynamoException as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise RequestError(
                f"{setting}: torch cannot compile the networks ({reason[:200]}): write "
                "train.compile=off"
            ) from error

    return call


def reason_not_to_compile(run: Run, device: torch.device) -> str:
    """Why the networks of a run cannot be compiled on this device; empty if they can."""
    if run.train.compile == "cuda-graphs":
        if device.type != "cuda":
            return "CUDA graphs need a CUDA device"
        if run.train.accumulate > 1:
            return "a CUDA graph would overwrite the gradients that train.accumulate adds"
        if run.train.share_fakes:
            return "a CUDA graph would overwrite what train.share_fakes keeps of the generator"
    if run.growth is not None:
        return "networks that grow change in each step of a fade"
    if device.type == "cpu" and not _cpp_compiler():
        return "there is no C++ compiler: install g++, or name one in the variable CXX"
    if device.type == "cuda":
        from torch.utils._triton import has_triton

        return "" if has_triton() else "Triton is missing: pip install triton"
    return ""


def require_compilable(run: Run, device: torch.device) -> None:
    """Raise RequestError if the networks cannot be compiled as ``train.compile`` says."""
    mode = run.train.compile
    if mode in ("on", "cuda-graphs") and (reason := reason_not_to_compile(run, device)):
        raise RequestError(f"train.compile={mode}: {reason}; or write train.compile=off")


def _cpp_compiler() -> str | None:
    names = (os.environ.get("CXX"), "g++", "clang++", "c++")
    return next(filter(None, (shutil.which(name) for name in names if name)), None)
