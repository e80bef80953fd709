"""Weights in checkpoints: values, and hashes of frozen ones."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganzoo import RequestError
from ganzoo.training.weights import Weights, digest, saved_buffers


class Pretrained(nn.Module):
    """A network with frozen weights and a frozen buffer."""

    frozen_parameters = ("features", "mean")
    mean: Tensor

    def __init__(self, value: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Linear(2, 2).requires_grad_(False)
        nn.init.constant_(self.features.weight, value)
        nn.init.zeros_(self.features.bias)
        self.register_buffer("mean", torch.ones(2))
        self.head = nn.Linear(2, 1)


def test_frozen_weights_are_stored_by_their_hash() -> None:
    network = Pretrained()
    state = Weights(network).state_dict()
    assert set(state["weights"]) == {"head.weight", "head.bias"}
    assert state["frozen"]["features.weight"] == digest(network.features.weight)
    assert set(state["frozen"]) == {"features.weight", "features.bias", "mean"}
    other = Pretrained()
    Weights(other).load_state_dict(state)
    assert torch.equal(other.head.weight, network.head.weight)


def test_other_frozen_weights_are_refused() -> None:
    state = Weights(Pretrained()).state_dict()
    with pytest.raises(RequestError, match=r"the frozen weights features\.weight differ"):
        Weights(Pretrained(0.25)).load_state_dict(state)


def test_a_digest_depends_on_values_shape_and_dtype() -> None:
    value = torch.arange(4.0)
    others = [value + 1e-6, value.view(2, 2), value.double(), value.to(torch.int32)]
    assert len({digest(each) for each in (value, value.clone(), *others)}) == 5
    assert digest(torch.zeros(3, 4).t()) == digest(torch.zeros(4, 3))
    assert len(digest(torch.tensor(True))) == 64


def test_buffers_that_checkpoints_do_not_contain_never_change() -> None:
    network = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1))
    network.register_buffer("constant", torch.ones(3), persistent=False)
    found = saved_buffers(network)
    norm = network[0]
    assert [id(buffer) for buffer in found] == [id(norm.running_mean), id(norm.running_var)]
