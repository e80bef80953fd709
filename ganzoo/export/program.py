"""Functions of a trained generator as programs: modules that run without their Python code."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.nn.utils.parametrize import is_parametrized

from ganzoo.contracts import Generator, MappingGenerator
from ganzoo.errors import RequestError
from ganzoo.output.trained_generator import TrainedGenerator

BATCH_SIZES = (1, 5)
"""The batches with which a program is compared with its module."""
_SEED = 0


@dataclass(frozen=True)
class Program:
    """A function of batches: a module on the CPU, with the names of its inputs and its output."""

    module: nn.Module
    """Without gradients, in evaluation mode, and in float32."""
    examples: dict[str, Tensor]
    """Inputs of five images, by name; the first axis of each is the batch."""
    output: str
    """The name of the output, whose first axis is the batch."""

    def inputs(self, batch_size: int) -> dict[str, Tensor]:
        """Inputs of the first images of the examples."""
        return {name: rows[:batch_size] for name, rows in self.examples.items()}

    @torch.no_grad()
    def export(self) -> ExportedProgram:
        """The program for batches of any size, without names of files of this machine.

        Raises RequestError if the module cannot be exported.
        """
        shapes = tuple({0: Dim.DYNAMIC} for _ in self.examples)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exported = torch.export.export(
                    self.module, tuple(self.examples.values()), dynamic_shapes=shapes
                )
        except Exception as error:  # of any kind, by torch or the plugin
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise RequestError(f"the generator cannot be exported: {reason}") from error
        for node in exported.graph.nodes:
            node.meta.pop("stack_trace", None)
        return exported

    @torch.no_grad()
    def largest_difference(self, run: Callable[[dict[str, Tensor]], Tensor]) -> float:
        """The largest difference of what ``run`` returns from the module's output.

        It is called with inputs by name, once for each batch size.
        """
        differences = []
        for size in BATCH_SIZES:
            inputs = self.inputs(size)
            expected: Tensor = self.module(*inputs.values())
            differences.append((run(inputs) - expected).abs().max())
        return float(torch.stack(differences).max())


def require_same(difference: float, limit: float, what: str) -> float:
    """The difference of a file from the network.

    Raises RequestError if it is above the limit or no number; ``what`` ran the file.
    """
    if not difference <= limit:
        raise RequestError(
            f"the images of the export, by {what}, differ from the network's by {difference:.2g} "
            f"of the range -1 to 1, and {limit:g} is allowed: nothing was written"
        )
    return difference


def image_program(trained: TrainedGenerator) -> Program:
    """``images``, float32 (N, C, H, W) in [-1, 1], of ``latents`` and, if any, ``condition``."""
    return Program(_Images(_plain(trained.generator)), _generator_inputs(trained), "images")


def mapping_program(trained: TrainedGenerator) -> Program:
    """``intermediate`` latents of ``latents`` and, if any, ``condition``.

    The generator is a ``MappingGenerator``.
    """
    mapping = _Mapping(_plain(trained.generator))
    return Program(mapping, _generator_inputs(trained), "intermediate")


def synthesis_program(trained: TrainedGenerator) -> Program:
    """``images``, float32 (N, C, H, W) in [-1, 1], of ``intermediate`` latents.

    The generator is a ``MappingGenerator``.
    """
    mapping = mapping_program(trained)
    with torch.no_grad():
        intermediate = mapping.module(*mapping.examples.values())
    return Program(_Synthesis(_plain(trained.generator)), {"intermediate": intermediate}, "images")


class _Images(nn.Module):
    """The images of a generator, clipped."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.generator(latents, condition).float().clamp(-1, 1)


class _Mapping(nn.Module):
    """The intermediate latents of a generator."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        assert isinstance(self.generator, MappingGenerator)
        return self.generator.map(latents, condition).float()


class _Synthesis(nn.Module):
    """The clipped images of intermediate latents."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, intermediate: Tensor) -> Tensor:
        assert isinstance(self.generator, MappingGenerator)
        return self.generator.synthesize(intermediate).float().clamp(-1, 1)


def _plain(generator: Generator) -> Generator:
    """A copy on the CPU whose weights are numbers: spectral norm is computed now, once."""
    plain = copy.deepcopy(generator).cpu().eval().requires_grad_(False)
    for module in list(plain.modules()):
        if is_parametrized(module):
            _fix_parametrized(module)
    for tensor in (*plain.parameters(), *plain.buffers()):
        # torch cannot store tensors that are parts of others.
        tensor.data = tensor.detach().clone(memory_format=torch.contiguous_format)
    return plain


def _fix_parametrized(module: nn.Module) -> None:
    """Make the computed tensors of a module its parameters, of the same numbers.

    ``remove_parametrizations`` of torch would change the class, which the copied module shares.
    """
    assert isinstance(module.parametrizations, nn.ModuleDict)
    tensors = {name: getattr(module, name) for name in module.parametrizations}
    del module.parametrizations
    module.__class__ = type(module).__bases__[0]
    for name, tensor in tensors.items():
        module.register_parameter(name, nn.Parameter(tensor, requires_grad=False))


def _generator_inputs(trained: TrainedGenerator) -> dict[str, Tensor]:
    count = max(BATCH_SIZES)
    inputs = {"latents": trained.latents(count, _SEED).cpu()}
    conditions = trained.conditions(count, _SEED)
    return inputs if conditions is None else {**inputs, "condition": conditions}
