"""Runs with an uninstalled plugin: commands that need it fail and name it, others work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import pytest

import ganzoo
from ganzoo.components import ComponentSpec
from ganzoo.folders import RunFolder
from ganzoo.registry import KINDS, Registry
from tests.cli.conftest import Ganzoo

FOO = {
    "dataset": "blossoms",
    "architecture": "dcgan",
    "loss": "hinge",
    "regularizer": "r1",
    "augmentation": "flip",
    "metric": "kid",
    "extractor": "random",
}
"""Installed components, which the plugin foo has under other names."""


def offering(kinds: list[str]) -> ModuleType:
    """A plugin with the components of these kinds, each called bar."""
    known = Registry.discover()
    found = {kind: known.find(kind, FOO[kind]).component for kind in kinds}
    module = ModuleType("foo")
    for kind, component in found.items():

        @ganzoo.hookimpl(specname=KINDS[kind])
        def hook(component: ComponentSpec = component) -> list[ComponentSpec]:
            return [replace(component, name="bar")]

        setattr(module, KINDS[kind], hook)
    return module


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make foo the only third-party plugin, with components of these kinds."""
    bundled = entry_points(group="ganzoo")

    def installed(*kinds: str, version: str = "1.2") -> None:
        monkeypatch.setattr("ganzoo.registry.entry_points", lambda group: bundled)
        if not kinds:
            return
        module = offering(list(kinds))
        monkeypatch.setattr(EntryPoint, "load", _loading(module, EntryPoint.load))
        point = EntryPoint("foo", "foo", "ganzoo")
        vars(point)["dist"] = Mock(metadata={"Name": "ganzoo-foo", "Version": version})
        points = EntryPoints([*bundled, point])
        monkeypatch.setattr("ganzoo.registry.entry_points", lambda group: points)

    return installed


def _loading(module: ModuleType, original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda point: module if point.name == "foo" else original(point)


@pytest.fixture
def train_with(ganzoo_command: Ganzoo, install: Ganzoo) -> Callable[[str], None]:
    """Train a run with the plugin's component of this kind, then uninstall the plugin."""

    def trained(kind: str) -> None:
        install(*(("metric", "extractor") if kind == "installed-only" else (kind,)))
        names = ["foo/bar" if kind == k else FOO[k] for k in ("dataset", "architecture", "loss")]
        more = {
            "regularizer": ["regularize.bar=true"],
            "augmentation": ["augment.bar=true"],
            "metric": ["evaluate.metrics=bar"],
            "extractor": ["extractor=bar"],
        }
        done = ganzoo_command(
            *("train", *names, "--run-dir", "run", "--device", "cpu", "--resolution", 8),
            *("--steps", 2, "--batch-size", 8, "sample.count=4", "dataset.count=20"),
            *("architecture.base_channels=2", "architecture.latent_dim=4", *more.get(kind, ())),
        )
        assert done.status == 0, done.err
        install()

    return trained


COMMANDS = {
    "generate": ("generate", "run", "--out", "new.png"),
    "resume": ("resume", "run", "--steps", 3),
    "evaluate": ("evaluate", "run", "--samples", 4),
}
NEEDED = {
    "dataset": {"resume", "evaluate"},
    "architecture": {"generate", "resume", "evaluate"},
    "loss": {"resume"},
    "regularizer": {"resume"},
    "augmentation": {"resume"},
    "metric": {"evaluate"},
    "extractor": {"evaluate"},
}


@pytest.mark.parametrize("kind", NEEDED)
def test_commands_that_need_a_missing_plugin_fail_and_name_it(
    ganzoo_command: Ganzoo, train_with: Callable[[str], None], kind: str
) -> None:
    train_with(kind)
    message = (
        f"error: the {kind} foo/bar is from the plugin foo (ganzoo-foo 1.2), which is not "
        "installed: ganzoo install ganzoo-foo==1.2"
    )
    for name, words in COMMANDS.items():
        if name in NEEDED[kind]:
            assert ganzoo_command(*words).error == message
        else:
            done = ganzoo_command(*words)
            assert done.status == 0, done.err


def test_a_run_resumed_without_a_metric_keeps_its_settings(
    ganzoo_command: Ganzoo, train_with: Callable[[str], None], install: Ganzoo
) -> None:
    train_with("metric")
    before = RunFolder(Path("run")).stored_settings()["metrics"]["bar"]
    resumed = ganzoo_command("resume", "run", "--steps", 3)
    assert resumed.status == 0
    assert "metrics.bar" not in resumed.err
    assert RunFolder(Path("run")).stored_settings()["metrics"]["bar"] == before
    install("metric")
    assert ganzoo_command("evaluate", "run", "--samples", 4).status == 0


def test_a_run_depends_only_on_what_it_trains_with(
    ganzoo_command: Ganzoo, train_with: Callable[[str], None], install: Ganzoo
) -> None:
    train_with("installed-only")
    tree = RunFolder(Path("run")).stored_settings()
    assert "metrics" not in tree or not tree["metrics"]
    assert "extractor" not in tree
    for words in COMMANDS.values():
        done = ganzoo_command(*words)
        assert done.status == 0, done.err


def test_the_environment_names_the_plugins_of_metrics_and_extractor(
    train_with: Callable[[str], None],
) -> None:
    train_with("metric")
    assert "foo (ganzoo-foo 1.2)" in RunFolder(Path("run")).sessions()[-1]["metric_plugins"]
    assert "foo (ganzoo-foo 1.2)" in RunFolder(Path("run")).plugins()


def test_a_plugin_version_without_the_component_is_named(
    ganzoo_command: Ganzoo, train_with: Callable[[str], None], install: Ganzoo
) -> None:
    train_with("loss")
    install("metric", version="2.0")
    refused = ganzoo_command("resume", "run", "--steps", 3).error
    assert refused.endswith(
        "foo (ganzoo-foo 1.2), but the installed foo (ganzoo-foo 2.0) does not declare it: "
        "ganzoo install ganzoo-foo==1.2"
    )


def test_a_run_without_environment_json_still_names_the_plugin(
    ganzoo_command: Ganzoo, train_with: Callable[[str], None]
) -> None:
    train_with("loss")
    Path("run/environment.json").unlink()
    refused = ganzoo_command("resume", "run", "--steps", 3).error
    assert refused.endswith("is from the plugin foo, which is not installed")


def test_names_on_the_command_line_are_not_looked_up_in_the_run(
    ganzoo_command: Ganzoo, train_with: Callable[[str], None]
) -> None:
    train_with("dataset")
    refused = ganzoo_command("resume", "run", "loss=adversarial/hnge").error
    assert "there is no loss called adversarial/hnge" in refused


def test_a_missing_plugin_file_is_named(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "my_gan.py"
    file = tmp_path / "gone_gan.py"
    file.write_text(example.read_text("utf-8"), "utf-8")
    done = ganzoo_command(
        *(
            "train",
            "blossoms",
            "mlp",
            "boundary-seeking",
            "--plugin",
            "gone_gan.py",
            "--run-dir",
            "run",
        ),
        *("--resolution", 8, "--steps", 1, "--batch-size", 4, "dataset.count=8", "sample.count=4"),
    )
    assert done.status == 0, done.err
    file.unlink()
    refused = ganzoo_command("resume", "run", "--steps", 2).error
    reported = (
        f"the loss gone-gan/boundary-seeking is from the file {file}, "
        "which does not exist: restore it"
    )
    assert reported in refused
    assert 'can also load a copy: plugins=["FOLDER/gone_gan.py"]' in refused


def test_an_impossible_name_in_the_stored_settings_is_refused_in_one_line(
    ganzoo_command: Ganzoo, train_with: Callable[[str], None]
) -> None:
    train_with("loss")
    stored = Path("run/run.toml")
    stored.write_text(stored.read_text("utf-8").replace("foo/bar", "foo/b%r"), "utf-8")
    assert "there is no loss called foo/b%r" in ganzoo_command("resume", "run").error
