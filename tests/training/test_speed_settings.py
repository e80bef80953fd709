"""Settings that are ``auto``: what is chosen, and that choosing does not change the training."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import ganzoo
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training import speed_settings
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.engine import Engine
from tests.sameness import same

Arguments = Callable[..., dict[str, Any]]
SPEEDS = {True: 100.0, False: 200.0}
"""Images per second with and without channels_last."""


def stored(folder: Path) -> dict[str, Any]:
    return dict(tomllib.loads((folder / "run.toml").read_text("utf-8"))["train"])


def states(*folders: Path) -> list[Any]:
    return [Checkpoints(folder / "checkpoints", 3).load() for folder in folders]


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure every run, however short."""
    monkeypatch.setattr(speed_settings, "_is_worth_measuring", lambda *arguments: True)


@pytest.fixture
def measured(always: None, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The values that were tried; they have the speeds above."""
    calls: list[Any] = []

    def speeds(tried: Any, trainers: Any, engine: Any) -> Any:
        calls.append(tried)
        return [(values, SPEEDS[values["channels_last"]]) for values in tried]

    monkeypatch.setattr(speed_settings, "_speeds", speeds)
    return calls


@pytest.mark.parametrize(
    ("speeds", "expected"),
    [((100, 104), True), ((100, 106), False), ((100, 50), True), ((), None)],
)
def test_another_value_than_the_default_must_be_clearly_faster(
    speeds: tuple[float, ...], expected: bool | None
) -> None:
    values = [{"channels_last": True}, {"channels_last": False}]
    found = speed_settings._fastest(list(zip(values, speeds, strict=False)))
    assert found == (None if expected is None else {"channels_last": expected})


def test_a_short_run_is_not_measured(tiny: Arguments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed_settings, "_measure", lambda *arguments: 1 / 0)
    run = ganzoo.train(**tiny(settings={"train.compile": "auto"}))
    assert (stored(run.folder)["channels_last"], stored(run.folder)["compile"]) == (True, "off")


def test_a_long_run_of_large_networks_is_worth_measuring_and_one_without_convolutions_is_not() -> (
    None
):
    def worth(architecture: str, images: float) -> bool:
        settings = Settings()
        settings.override(["dataset=blossoms", f"architecture={architecture}", "loss=hinge"])
        settings.override(["train.device=cpu", "data.resolution=32"])
        run = Run.resolve(settings)
        engine = Engine(run.train)
        shape = ganzoo.ImageShape(3, 32, 32)
        return speed_settings._is_worth_measuring(run, engine, shape, None, images)

    assert [worth("dcgan", images) for images in (500, 5000, 500_000)] == [False, False, True]
    assert not worth("mlp", 1e12)


def test_a_choice_that_cannot_be_kept_is_used(
    tiny: Arguments, measured: list[Any], own_cache: Path
) -> None:
    (own_cache / "timings").touch()  # in place of the folder
    assert stored(ganzoo.train(**tiny()).folder)["channels_last"] is False


ARCHITECTURES = [entry.component.name for entry in Registry.discover().entries("architecture")]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_operations_of_every_architecture_are_counted(
    name: str, small: Mapping[str, Mapping[str, Any]]
) -> None:
    settings = Settings()
    settings.override(["dataset=blossoms", f"architecture={name}", "loss=hinge"])
    settings.add({"train.device": "cpu", "data.resolution": 16, **small.get(name, {})}, "Python")
    run = Run.resolve(settings)
    worth = speed_settings._is_worth_measuring(
        run, Engine(run.train), ganzoo.ImageShape(3, 16, 16), None, 1e15
    )
    assert worth == ("mlp" not in name)


def test_the_choice_is_reported_and_stored_and_used_by_a_resume_and_by_the_next_run(
    tiny: Arguments,
    measured: list[Any],
    stopped: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = {**tiny("first"), "quiet": False}
    folder = stopped(arguments, 1)
    assert stored(folder)["channels_last"] is False
    said = "train.channels_last=false: 100 images/s with true, 200 images/s with false (measured"
    assert capsys.readouterr().err.count(f"{said} in ") == 1
    resumed = ganzoo.resume(folder, quiet=False)
    assert "train.channels_last" not in capsys.readouterr().err
    second = ganzoo.train(**{**arguments, "run_dir": arguments["run_dir"].with_name("second")})
    assert f"{said} here before)" in capsys.readouterr().err
    assert stored(second.folder)["channels_last"] is False
    assert len(measured) == 1
    assert same(*states(resumed.folder, second.folder))
    explicit = tiny("explicit", settings={"train.channels_last": False})
    assert same(*states(resumed.folder, ganzoo.train(**explicit).folder))
    assert len(measured) == 1


def test_another_network_is_measured_anew_and_a_damaged_file_too(
    tiny: Arguments, measured: list[Any], own_cache: Path
) -> None:
    ganzoo.train(**tiny("first"))
    ganzoo.train(**tiny("second", settings={"architecture.base_channels": 3}))
    assert len(measured) == 2
    for file in (own_cache / "timings").iterdir():
        file.write_text('{"chosen": {}}')
    ganzoo.train(**tiny("third"))
    assert len(measured) == 3


def test_measuring_does_not_change_the_training(
    tiny: Arguments, always: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"augment.ada": {}, "regularize.path-length.every": 2}
    monkeypatch.setattr(speed_settings, "MIN_GAIN", 1e9)  # so that the default is chosen
    run = ganzoo.train(**tiny("auto", settings=settings))
    explicit = tiny("explicit", settings={**settings, "train.channels_last": True})
    assert same(*states(run.folder, ganzoo.train(**explicit).folder))


def test_a_run_with_slow_steps_keeps_the_defaults(
    tiny: Arguments, always: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed_settings, "_LONGEST_STEP", 0)
    monkeypatch.setattr(speed_settings, "_fastest", lambda speeds: 1 / 0 if speeds else None)
    assert stored(ganzoo.train(**tiny()).folder)["channels_last"] is True


def test_without_memory_for_the_measurement_the_defaults_are_kept(
    tiny: Arguments, always: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(speed_settings, "_speeds", fail)
    assert stored(ganzoo.train(**tiny()).folder)["channels_last"] is True


def test_networks_that_cannot_be_compiled_stay_eager(tiny: Arguments, measured: list[Any]) -> None:
    settings = {"train.compile": "auto"}
    run = ganzoo.train(**tiny(architecture="progressive", settings=settings))
    assert stored(run.folder)["compile"] == "off"
    assert all(values["compile"] == "off" for tried in measured for values in tried)
