"""Observers of plugins: when they are used, what they are told, and what their errors do."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

import ganzoo
from ganzoo.cli import app

Arguments = Callable[..., dict[str, Any]]

PLUGIN = '''
import ganzoo
from pydantic import Field

CALLS = []


class Limits(ganzoo.Options):
    """How often."""

    every: int = Field(1, ge=1, description="Steps.")
    share: float = Field(1.0, ge=0, le=1, description="Of the losses.")


class Recording(ganzoo.Observer):
    def __init__(self, options, *, run):
        CALLS.append(("made", options.every, run.folder.path, run.step, run.resumed))
        self.settings = run.settings
        if options.every == 7:
            raise RuntimeError("seven")
        if options.every == 8:
            raise ValueError("not eight")
        if options.every == 9:
            run.warn("nine is much")

    def __getattribute__(self, name):
        if name.startswith("on_"):
            CALLS.append(name)
        return super().__getattribute__(name)

    def on_checkpoint_end(self, step, path):
        CALLS.append((step, path.exists()))

    def on_failure(self, error):
        CALLS.append(repr(error))


@ganzoo.hookimpl
def ganzoo_observers():
    return [
        ganzoo.ObserverSpec(name="recording", summary="R.", factory=Recording, options=Limits)
    ]
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    file = tmp_path / "recording_observer.py"
    file.write_text(PLUGIN)
    sys.modules.pop("recording_observer", None)
    return file


def calls() -> list[Any]:
    found: list[Any] = sys.modules["recording_observer"].CALLS
    return found


def test_an_observer_of_a_plugin_is_told_of_all_events(tiny: Arguments, plugin: Path) -> None:
    settings: dict[str, Any] = {"observe.recording.every": 3, "log.every": 1, "evaluate.every": 2}
    settings |= {"evaluate.samples": 8, "evaluate.metrics": "moments"}
    run = ganzoo.train(**tiny(plugins=plugin, settings=settings))
    assert calls()[:2] == [("made", 3, run.folder, 0, False), "on_train_start"]
    assert calls()[-1] == "on_end"
    assert (3, True) in calls()
    told = {call for call in calls() if isinstance(call, str)}
    assert told >= {"on_step_end", "on_report", "on_scores", "on_images", "on_evaluation_end"}
    assert "on_failure" not in told
    stored = tomllib.loads((run.folder / "run.toml").read_text())
    qualified = "recording-observer/recording"
    assert stored["observe"]["recording"] == {"name": qualified, "every": 3, "share": 1.0}
    calls().clear()
    ganzoo.resume(run, steps=4, quiet=True)
    assert calls()[0] == ("made", 3, run.folder, 3, True)


def test_an_observer_is_told_of_a_time_limit(tiny: Arguments, plugin: Path) -> None:
    settings = {"observe.recording": True, "train.max_time": "10 minutes"}
    ganzoo.train(**tiny(plugins=plugin, settings=settings))
    assert calls()[1:3] == ["on_time_limit", "on_train_start"]


def test_an_observer_is_told_of_the_error_that_ends_the_run(
    tiny: Arguments, plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **more: Any) -> None:
        raise ArithmeticError("it broke")

    monkeypatch.setattr(torch.optim.Adam, "step", fail)
    with pytest.raises(ArithmeticError, match="it broke"):
        ganzoo.train(**tiny(plugins=plugin, settings={"observe.recording": True}))
    assert calls()[-3:] == ["on_failure", "ArithmeticError('it broke')", "on_end"]


@pytest.mark.parametrize(
    ("every", "reported"),
    [
        (
            7,
            r"observer recording-observer/recording \(.*observer.py:20\): RuntimeError: seven",
        ),
        (8, "observer recording: not eight"),
    ],
)
def test_a_factory_that_fails_does_not_end_the_run(
    tiny: Arguments, plugin: Path, capsys: Any, every: int, reported: str
) -> None:
    settings = {"observe.recording.every": every}
    run = ganzoo.train(**tiny(plugins=plugin, quiet=False, settings=settings))
    assert run.step == 3
    shown = capsys.readouterr().err
    assert re.search(f"warning: {reported}.*; the run goes on without this observer", shown)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"observe.recording.every": 0}, "observe.recording.every=0: input should be greater"),
        ({"observe.recording.evry": 1}, "no setting observe.recording.evry .*; did you mean"),
        ({"observe.recoding": True}, "no observer called recoding; did you mean recording"),
        ({"observe": False}, "observe is a "),
        ({"observe.recording.share": "0 -> 1 linear"}, "it cannot be a schedule"),
    ],
)
def test_wrong_settings_are_refused_before_the_run_starts(
    tiny: Arguments, plugin: Path, settings: dict[str, Any], message: str
) -> None:
    arguments = tiny(plugins=plugin, settings=settings)
    with pytest.raises(ganzoo.RequestError, match=message):
        ganzoo.train(**arguments)
    assert not arguments["run_dir"].exists()


def test_a_run_resumes_without_an_observer_whose_plugin_is_missing(
    tiny: Arguments, plugin: Path, capsys: Any
) -> None:
    run = ganzoo.train(**tiny(plugins=plugin, settings={"observe.recording.every": 3}))
    plugin.unlink()
    resumed = ganzoo.resume(run.folder, steps=4)
    assert resumed.step == 4
    shown = capsys.readouterr().err
    assert f"warning: the observer recording-observer/recording is from the file {plugin}" in shown
    stored = tomllib.loads((run.folder / "run.toml").read_text())
    assert stored["observe"]["recording"]["every"] == 3


def test_what_is_not_an_observer_is_reported(
    tiny: Arguments, plugin: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.write_text(PLUGIN.replace("(ganzoo.Observer)", "").replace("__getattribute__", "get"))
    settings = {"observe.recording": True}
    ganzoo.train(**tiny(plugins=plugin, quiet=False, settings=settings))
    shown = capsys.readouterr().err
    assert "the factory returned a Recording: derive it from ganzoo.Observer" in shown


def test_a_misspelled_method_is_named(tiny: Arguments, plugin: Path) -> None:
    plugin.write_text(PLUGIN.replace("def on_failure", "def on_failed"))
    message = r"its method on_failed\(\) is never called; did you mean on_failure"
    with pytest.warns(UserWarning, match=message):
        ganzoo.train(**tiny(plugins=plugin, settings={"observe.recording": True}))


def test_an_observer_ends_the_training_before_its_first_step(
    tiny: Arguments, plugin: Path, capsys: Any
) -> None:
    text = PLUGIN.replace("        self.settings = run.settings", "        run.stop('no need')")
    plugin.write_text(text)
    run = ganzoo.train(**tiny(plugins=plugin, quiet=False, settings={"observe.recording": True}))
    assert run.step == 0
    assert capsys.readouterr().err.count("the training ends before its last step: no need") == 1


def test_an_observer_ends_the_training_and_the_run_counts_as_finished(
    tiny: Arguments, plugin: Path, capsys: Any
) -> None:
    ending = """
    def on_step_end(self, step, images_seen):
        if step in (2, 6):
            self.run.stop("enough")
"""
    text = PLUGIN.replace("        self.settings = run.settings", "        self.run = run")
    plugin.write_text(text.replace("\n    def on_failure", f"{ending}\n    def on_failure"))
    run = ganzoo.train(
        **tiny(plugins=plugin, steps=6, quiet=False, settings={"observe.recording": True})
    )
    assert run.step == 2
    assert "the training ends before its last step: enough" in capsys.readouterr().err
    # Status 75 would make a job script resume it; its last step needs no message.
    resumed = CliRunner().invoke(app, ["--plugin", str(plugin), "resume", str(run.folder)])
    assert (resumed.exit_code, "ends before" in resumed.stderr) == (0, False), resumed.output
    assert (run.folder / "checkpoints" / "step-0000006.pt").exists()


def test_a_warning_of_a_factory_is_sent_when_all_observers_are_there(
    tiny: Arguments, plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"observe.recording.every": 9}
    ganzoo.train(**tiny(plugins=plugin, steps=1, quiet=False, settings=settings))
    assert capsys.readouterr().err.count("nine is much") == 1
