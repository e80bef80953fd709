"""The first layers of a network, which are not trained.

Freezing the discriminator's layers next to the image, when it starts from the weights of another
run, is FreezeD (Mo et al. 2020, arXiv 2002.10964).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import torch
from torch import Tensor, nn

from ganzoo.conditioning import ConditionEmbedding
from ganzoo.contracts import Condition, Generator, GrowingNetwork, ImageShape, Networks
from ganzoo.errors import RequestError
from ganzoo.sections import TrainOptions
from ganzoo.training.layer_matching import split

_N = 4
"""Images of the pass that finds the order of the layers."""

Inputs = Callable[[nn.Module, torch.device], Tensor]


def freeze_layers(
    networks: Networks, train: TrainOptions, image_shape: ImageShape, condition: Condition | None
) -> None:
    """Freeze the first layers of generator and discriminator, as the settings say.

    A layer is a module with weights of two or more axes; the normalizations after it belong to it.
    Layers are counted in the order in which the network computes them at its full size, without
    embeddings of conditions, which are always trained. Frozen parameters get no updates, and frozen
    batch statistics and other buffers keep their values.

    Raises RequestError if no layer would be left to train.
    """

    def images(network: nn.Module, device: torch.device) -> Tensor:
        return torch.zeros(_N, *image_shape, device=device)

    _freeze_first("generator", networks.generator, train.generator.freeze, _latents, condition)
    count = train.discriminator.freeze
    _freeze_first("discriminator", networks.discriminator, count, images, condition)


def _latents(network: nn.Module, device: torch.device) -> Tensor:
    assert isinstance(network, Generator)
    return network.sample_latents(_N, torch.Generator(device).manual_seed(0))


def _freeze_first(
    name: str, network: nn.Module, count: int, inputs: Inputs, condition: Condition | None
) -> None:
    if not count:
        return
    layers = _layers(network, inputs, condition)
    if count >= len(layers):
        raise RequestError(
            f"train.{name}.freeze={count}: the {name} has {len(layers)} layers, and at least one "
            "must be trained"
        )
    for module in (network.get_submodule(path) for paths in layers[:count] for path in paths):
        for part in (module, *_parametrizations(module)):
            part.training = False
            for parameter in part.parameters(recurse=False):
                parameter.requires_grad_(False)


def _layers(network: nn.Module, inputs: Inputs, condition: Condition | None) -> list[list[str]]:
    """The names of the modules of each layer, in the order of a pass through the network."""
    weights, device = dict(network.named_parameters()), next(network.parameters()).device
    trained = (name for name, each in weights.items() if each.ndim > 1 and each.requires_grad)
    weighted = {split(name)[0] for name in trained}
    layers: list[list[str]] = []
    for path in _called(network, inputs, condition, device):
        if path in weighted or not layers:
            layers.append([])
        layers[-1].append(path)
    if layers and not weighted & set(layers[0]):  # what is computed before the first weights
        layers[0:2] = [[path for paths in layers[0:2] for path in paths]]
    return layers


def _called(
    network: nn.Module, inputs: Inputs, condition: Condition | None, device: torch.device
) -> list[str]:
    """The names of the modules with tensors of their own that a pass uses, in their order."""
    copied, called = copy.deepcopy(network).eval(), list[str]()
    if isinstance(copied, GrowingNetwork):
        copied.grow(len(copied.stages) - 1, 1.0)
    for path in {split(name)[0] for name in network.state_dict()}:
        module = copied.get_submodule(path)
        if not isinstance(module, ConditionEmbedding | nn.Embedding):
            module.register_forward_pre_hook(partial(_note, called, path))
    conditions = condition.examples(_N).to(device) if condition else None
    devices = [device] if device.type == "cuda" else []
    code = getattr(network, "plugin_code", nullcontext())
    with torch.random.fork_rng(devices=devices), torch.no_grad(), code:
        copied(inputs(copied, device), conditions)
    return list(dict.fromkeys(called))


def _note(called: list[str], path: str, module: nn.Module, inputs: object) -> None:
    called.append(path)


def _parametrizations(module: nn.Module) -> list[nn.Module]:
    """The modules that compute a module's weights, such as spectral normalization."""
    parametrized = module._modules.get("parametrizations")
    return list(parametrized.modules()) if parametrized else []
