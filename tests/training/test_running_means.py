from __future__ import annotations

import pytest
import torch

from ganzoo.training.running_means import RunningMeans


def tally(*values: float) -> RunningMeans:
    made = RunningMeans()
    for value in values:
        made.add("loss", torch.tensor(value, requires_grad=True))
    return made


def test_it_means() -> None:
    assert tally(1.0, 2.0, 6.0).means() == {"loss": 3.0}
    assert RunningMeans().means() == {}


def test_it_starts_anew() -> None:
    made = tally(1.0)
    made.reset()
    made.add("other", torch.tensor(2.0))
    assert made.means() == {"other": 2.0}


def test_what_is_added_may_change_later() -> None:
    value = torch.tensor(1.0)
    made = RunningMeans()
    made.add("loss", value)
    value.fill_(9.0)
    assert made.means() == {"loss": 1.0}


def test_it_goes_on_from_its_state() -> None:
    made = RunningMeans()
    made.load_state_dict(tally(1.0, 2.0).state_dict(), torch.device("cpu"))
    made.add("loss", torch.tensor(6.0))
    assert made.means() == {"loss": pytest.approx(3.0)}
