from __future__ import annotations

import pytest
import torch

from ganzoo.training.running_means import RunningMeans


def running_means(*values: float) -> RunningMeans:
    means = RunningMeans()
    for value in values:
        means.add("loss", torch.tensor(value, requires_grad=True))
    return means


def test_means_are_the_means_of_the_values() -> None:
    assert running_means(1.0, 2.0, 6.0).means() == {"loss": 3.0}
    assert RunningMeans().means() == {}


def test_reset_removes_all_values() -> None:
    means = running_means(1.0)
    means.reset()
    means.add("other", torch.tensor(2.0))
    assert means.means() == {"other": 2.0}


def test_added_tensors_may_change_later() -> None:
    value = torch.tensor(1.0)
    means = RunningMeans()
    means.add("loss", value)
    value.fill_(9.0)
    assert means.means() == {"loss": 1.0}


def test_the_state_can_be_restored() -> None:
    means = RunningMeans()
    means.load_state_dict(running_means(1.0, 2.0).state_dict())
    means.add("loss", torch.tensor(6.0))
    assert means.means() == {"loss": pytest.approx(3.0)}
