"""The operations of known networks."""

from __future__ import annotations

import torch
from torch import nn

from ganzoo.operations import Call, OperationCounter, by_operator

CPU = torch.device("cpu")


def test_the_operations_of_linear_layers_are_counted() -> None:
    network = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))
    images = torch.randn(4, 5)
    with OperationCounter(CPU) as forward, torch.no_grad():
        network(images)
    assert forward.operations == 2 * 4 * (5 * 7 + 7 * 3)
    with OperationCounter(CPU) as step:
        network(images).sum().backward()
    # The gradient of each weight, and that of the second layer's input.
    assert step.operations == forward.operations + 2 * 4 * (5 * 7 + 7 * 3 + 7 * 3)


def test_the_operations_of_a_convolution_are_counted() -> None:
    with OperationCounter(CPU) as counter, torch.no_grad():
        nn.Conv2d(3, 8, kernel_size=4, stride=2, padding=1)(torch.randn(2, 3, 16, 16))
    assert counter.operations == 2 * (2 * 8 * 8 * 8) * (3 * 4 * 4)


def test_the_second_derivatives_of_a_penalty_are_counted() -> None:
    layer, images = nn.Linear(5, 7), torch.randn(4, 5, requires_grad=True)
    with OperationCounter(CPU) as counter:
        (gradient,) = torch.autograd.grad(layer(images).square().sum(), images, create_graph=True)
        once = counter.operations
        gradient.square().sum().backward()
    assert counter.operations > 2 * once


def test_a_module_without_gradient_may_get_a_parameter() -> None:
    constant = nn.Linear(5, 7).requires_grad_(False)
    with OperationCounter(CPU) as counter:
        constant(nn.Parameter(torch.randn(4, 5))).sum().backward()
    assert counter.operations == 2 * 2 * 4 * 5 * 7


def test_the_bytes_of_operators_are_counted_and_views_have_none() -> None:
    tensor = torch.zeros(10, 10)
    with OperationCounter(CPU) as counter:
        tensor.view(100).add(1)
    view, add = counter.calls
    assert (view.operator, view.bytes) == ("aten.view", 0)
    assert (add.operator, add.bytes) == ("aten.add", 2 * 400)


def test_operators_are_summed_for_a_step_and_the_slowest_is_first() -> None:
    calls = [Call("a", 10, 4, 1.0), Call("b", 0, 2, 5.0), Call("a", 10, 4, 1.0)]
    first, second = by_operator(calls, steps=2)
    assert (first.operator, first.calls, first.seconds) == ("b", 0.5, 2.5)
    assert (second.calls, second.operations, second.bytes, second.seconds) == (1, 10, 4, 1.0)
