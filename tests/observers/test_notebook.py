from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ganzoo.observers.console import ProgressBar


class Handle:
    """A fake of IPython's display handle."""

    def __init__(self, shown: list[str]) -> None:
        self.shown = shown

    def update(self, bundle: dict[str, str], raw: bool) -> None:
        assert raw
        self.shown[-1] = bundle["text/plain"]


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts displayed in a fake notebook."""
    shown: list[str] = []

    def display(bundle: dict[str, str], raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        shown.append(bundle["text/plain"])
        return Handle(shown)

    ipython, displays = ModuleType("IPython"), ModuleType("IPython.display")
    vars(ipython)["get_ipython"] = lambda: SimpleNamespace(kernel=True)
    vars(displays)["display"] = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", displays)
    monkeypatch.setattr("ganzoo.observers.notebook._UPDATE_INTERVAL", 0.0)
    return shown


def test_a_notebook_shows_one_line(notebook: list[str], capfd: Any) -> None:
    bar = ProgressBar()
    bar.on_preparation_progress(0, 20)
    bar.on_preparation_progress(20, 20)
    assert notebook[0].startswith("preparing images 20/20")
    bar.on_train_start(0, 50)
    for step in range(1, 51):
        bar.on_step_end(step, step * 8)
        bar.on_report(step, {"loss/generator": 0.5 * step})
    bar.on_end()
    (line,) = notebook
    assert line.startswith("step 50/50")
    assert "generator 25" in line
    assert "\n" not in line
    assert "\x1b" not in line
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_messages_do_not_replace_the_line(notebook: list[str], capfd: Any) -> None:
    bar = ProgressBar()
    bar.on_train_start(0, 2)
    bar.on_message("something to know")
    bar.on_end()
    assert len(notebook) == 1
    assert "something to know" in capfd.readouterr().err


def test_ipython_without_a_kernel_is_not_a_notebook(
    notebook: list[str], monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setitem(vars(sys.modules["IPython"]), "get_ipython", lambda: None)
    bar = ProgressBar()
    bar.on_train_start(0, 2)
    bar.on_report(1, {"loss/generator": 0.5})
    bar.on_end()
    assert notebook == []
    assert "step 1/2" in capfd.readouterr().err
