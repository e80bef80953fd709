"""The checks of observers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import ganzoo
from ganzoo.observers.observer import Observer
from ganzoo.testing import check
from ganzoo.testing.observers import _events


class Silent(ganzoo.Observer):
    def __init__(self, options: ganzoo.Options, *, run: ganzoo.ObservedRun) -> None:
        self.run = run


class Misspelled(Silent):
    def on_reports(self, step: int, scalars: Mapping[str, float]) -> None: ...


class Failing(Silent):
    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        raise KeyError("loss/critic")


class Rescaling(Silent):
    def on_images(self, name: str, step: int, epoch: float, pixels: Any) -> None:
        pixels[:] = pixels // 2


class Removing(Silent):
    def on_report(self, step: int, scalars: Any) -> None:
        scalars.pop("images_seen", None)


class FailsOnResume(Silent):
    def on_end(self) -> None:
        if self.run.resumed:
            raise RuntimeError("again")


class WrongParameters(Silent):
    def on_step_end(self, step: int) -> None:  # type: ignore[override]
        ...


def spec(factory: Any, **changes: Any) -> ganzoo.ObserverSpec:
    return ganzoo.ObserverSpec(name="mine", summary="Mine.", factory=factory, **changes)


def test_a_correct_observer_passes() -> None:
    check(spec(Silent, default=True))


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (Misspelled, "its method on_reports() is never called; did you mean on_report"),
        (Failing, "on_report() fails: KeyError: 'loss/critic' ("),
        (Rescaling, "changes the numbers or images that it gets"),
        (Removing, "changes the numbers or images that it gets"),
        (FailsOnResume, "on_end() fails: RuntimeError: again"),
        (WrongParameters, "on_step_end() fails: TypeError"),
        (lambda options, run: "x", "the factory returned a str: derive it from ganzoo.Observer"),
        (lambda options: Silent, "unexpected keyword argument 'run'"),
    ],
)
@pytest.mark.filterwarnings("ignore:Misspelled")
def test_an_incorrect_observer_is_found(factory: Any, message: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check(spec(factory))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"default": "yes"}, "its default should be True or False, not 'yes'"),
        ({"warning_if_off": None}, "its warning_if_off should be a text, not None"),
    ],
)
def test_wrong_fields_are_named(changes: dict[str, Any], fault: str) -> None:
    assert list(spec(Silent, **changes).faults()) == [fault]


def test_every_method_of_an_observer_is_called(tmp_path: Any) -> None:
    called = _events(ganzoo.RunFolder(tmp_path), 0, {}, np.ones((2, 2, 3), np.uint8))
    assert set(called) == {name for name in vars(Observer) if name.startswith("on_")}
