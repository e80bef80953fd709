from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ganzoo.cli.formatting import settings_section
from ganzoo.cli.keys import SECTIONS
from ganzoo.components import plural
from ganzoo.registry import KINDS, Registry
from ganzoo.run import core_keys
from tests.cli.conftest import Ganzoo

ENTRIES = Registry.discover().entries()


def test_everything_installed_is_listed(ganzoo_command: Ganzoo) -> None:
    listed = ganzoo_command("list").out
    for entry in ENTRIES:
        assert f"  {entry.component.name} " in listed
        assert f"{entry.component.summary}  [{entry.plugin.name}]" in listed


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_of_component_can_be_listed(ganzoo_command: Ganzoo, kind: str) -> None:
    listed = json.loads(ganzoo_command("list", plural(kind), "--json").out)
    expected = [e.qualified_name for e in ENTRIES if e.component.kind == kind]
    assert [component["qualified_name"] for component in listed] == expected


def test_an_unknown_kind_gets_a_suggestion(ganzoo_command: Ganzoo) -> None:
    assert "did you mean losses?" in ganzoo_command("list", "lossen").error


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.qualified_name)
def test_info_shows_every_option(ganzoo_command: Ganzoo, entry: Any) -> None:
    shown = ganzoo_command("info", entry.qualified_name).out
    assert entry.component.summary in shown
    for option in entry.component.options.model_fields:
        assert f".{option}=" in shown


def test_info_as_json_is_a_schema(ganzoo_command: Ganzoo) -> None:
    (facts,) = json.loads(ganzoo_command("info", "wgan", "--json").out)
    assert facts["options"]["properties"]["clip"]["exclusiveMinimum"] == 0
    assert facts["recommends"]["train.discriminator.steps"] == 5


RECIPES = [entry for entry in ENTRIES if entry.component.kind == "recipe"]


@pytest.mark.parametrize("entry", RECIPES, ids=lambda entry: entry.qualified_name)
def test_info_shows_what_a_recipe_reproduces_and_how(ganzoo_command: Ganzoo, entry: Any) -> None:
    recipe = entry.component
    shown = ganzoo_command("info", entry.qualified_name).out
    for part in (recipe.reference, recipe.expects, recipe.read().strip()):
        assert part in shown
    assert f"ganzoo train --recipe {recipe.name}\n" in shown
    (facts,) = json.loads(ganzoo_command("info", entry.qualified_name, "--json").out)
    assert facts["expects"] == recipe.expects
    assert facts["settings"] == tomllib.loads(recipe.read())


def test_info_shows_recipe_lines_only_for_recipes(ganzoo_command: Ganzoo) -> None:
    assert "recipe" not in ganzoo_command("info", "dcgan").out
    (facts,) = json.loads(ganzoo_command("info", "dcgan", "--json").out)
    assert not {"expects", "settings"} & facts.keys()


def test_an_unknown_name_gets_a_suggestion(ganzoo_command: Ganzoo) -> None:
    assert "did you mean dcgan?" in ganzoo_command("info", "dcgna").error


def test_plugins_are_listed_with_their_state(
    ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_one.py").write_text("1 / 0")
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", "mlp")
    done = ganzoo_command("plugins", "--json", "--plugin", "broken_one.py")
    states = {plugin["name"]: plugin["status"] for plugin in json.loads(done.out)}
    assert states["dcgan"] == "ok"
    assert states["mlp"] == "disabled"
    place = f"({tmp_path / 'broken_one.py'}:1)"
    assert states["broken-one"] == f"failed: ZeroDivisionError: division by zero {place}"
    text = ganzoo_command("plugins", "--plugin", "broken_one.py").out
    assert "failed: ZeroDivisionError" in text
    assert "1 architecture" in text


def test_a_plugin_without_components_is_listed_as_such(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "offering_nothing.py").write_text("import ganzoo")
    text = ganzoo_command("plugins", "--plugin", "offering_nothing.py").out
    (line,) = [line for line in text.splitlines() if line.startswith("offering-nothing")]
    assert re.search("  no components +ok  ", line)


def test_a_hook_without_its_decorator_is_named_when_its_loss_is_missing(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "unmarked.py").write_text("def ganzoo_losses():\n    return []\n")
    done = ganzoo_command("train", "blossoms", "mlp", "mine", "--plugin", "unmarked.py")
    assert done.status == 2
    assert "ganzoo_losses is not decorated: write @ganzoo.hookimpl above it" in done.err
    assert "there is no loss called mine" in done.err
    assert "failed to load: unmarked" in done.err


def test_strict_loading_names_the_class_and_the_place(
    ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_strict.py").write_text("def f():\n    raise SystemExit(3)\nf()\n")
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "1")
    done = ganzoo_command("list", "--plugin", "broken_strict.py")
    assert done.status == 2
    assert done.error.endswith(f"SystemExit: 3 ({tmp_path / 'broken_strict.py'}:2)")


def test_a_broken_plugin_causes_one_warning_and_nothing_else(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "broken_two.py").write_text("1 / 0")
    done = ganzoo_command("list", "--plugin", "broken_two.py")
    assert done.status == 0
    (line,) = done.err.splitlines()
    assert line.startswith("warning: the plugin broken-two (local: ")
    assert "ZeroDivisionError" in line


def test_a_local_plugin_appears_everywhere(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "my_loss.py").write_text(
        "import ganzoo\n"
        "@ganzoo.hookimpl\n"
        "def ganzoo_losses():\n"
        "    return [ganzoo.LossSpec(name='my-loss', summary='Mine.', factory=dict)]\n"
    )
    plugin = ("--plugin", "my_loss.py")
    assert "my-loss" in ganzoo_command("list", *plugin).out
    assert "loss my-loss/my-loss" in ganzoo_command("info", "my-loss", *plugin).out
    dry = ganzoo_command("train", "blossoms", "dcgan", "my-loss", "--dry-run", *plugin)
    assert "my-loss/my-loss" in dry.out
    (tmp_path / "mine.toml").write_text('plugins = ["my_loss.py"]\nloss = "my-loss"\n')
    filed = ("mine.toml", "dataset=blossoms", "architecture=dcgan")
    assert "my-loss/my-loss" in ganzoo_command("train", *filed, "--dry-run").out


def test_every_setting_of_every_run_is_explained(ganzoo_command: Ganzoo) -> None:
    explained = ganzoo_command("info", "train").out
    sections = ("data", "growth", "checkpoint", "sample", "log", "evaluate", "seed", "plugins")
    explained += "".join(ganzoo_command("info", name).out for name in sections)
    core = [key for key in core_keys() if key.partition(".")[0] not in SECTIONS]
    for key in core:
        is_section = any(other.startswith(f"{key}.") for other in core)
        assert is_section or key == "features" or f"\n{key}=" in f"\n{explained}"


def test_a_setting_is_explained_by_its_key(ganzoo_command: Ganzoo) -> None:
    reported = ganzoo_command("info", "train.generator.lr").out
    assert reported.startswith("train.generator.lr=0.0002  (number, >= 0)\n    Learning rate.\n")
    assert "The loss wgan-gp/wgan-gp recommends 0.0002." in reported
    other = ganzoo_command("info", "train.others.encoder.lr").out
    assert other.startswith("train.others.NAME.lr=  (number or unset, >= 0)\n    Learning rate.\n")
    (facts,) = json.loads(ganzoo_command("info", "sample.every", "--json").out)
    assert facts["key"] == "sample.every"
    assert facts["default"] == 250


@pytest.mark.parametrize(
    ("key", "of"),
    [
        ("architecture.base_channels", "of architecture dcgan/dcgan"),
        ("dcgan.base_channels", "architecture.base_channels=64"),
        ("dcgan/dcgan.base_channels", "architecture.base_channels=64"),
        ("augment.rotate.degrees", "of augmentation classic-augment/rotate"),
        ("metrics.kid.subsets", "of metric feature-metrics/kid"),
        ("loss", "loss takes the name of a component: "),
        ("extractor", "takes the name of a component: "),
    ],
)
def test_an_option_of_a_component_is_explained_by_its_key(
    ganzoo_command: Ganzoo, key: str, of: str
) -> None:
    assert of in ganzoo_command("info", key).out


@pytest.mark.parametrize(
    ("name", "meant"),
    [("lr", "train.generator.lr or"), ("sample.evry", "sample.every"), ("trian", "train")],
)
def test_an_unknown_setting_gets_a_suggestion(
    ganzoo_command: Ganzoo, name: str, meant: str
) -> None:
    assert f"did you mean {meant}" in ganzoo_command("info", name).error


def test_every_key_that_the_zoo_shows_can_be_set() -> None:
    for entry in ENTRIES:
        for name, field in entry.component.options.model_fields.items():
            assert settings_section(entry.component).partition(".")[0] in {*SECTIONS, "recipe"}
            assert field.description, name


def test_info_says_which_numbers_may_be_schedules(ganzoo_command: Ganzoo) -> None:
    rotate = ganzoo_command("info", "rotate").out
    assert "It may be a schedule: 'augment.rotate.degrees=10 -> 5 linear over 200000 i" in rotate
    assert rotate.count("schedule") == 1
    betas = ganzoo_command("info", "train.generator.betas").out
    example = '["0.5 -> 0.25 linear over 200000 images", 0.999]'
    assert f"    It may be a schedule: 'train.generator.betas={example}'\n" in betas
    (facts,) = json.loads(ganzoo_command("info", "train.generator.lr", "--json").out)
    assert facts["schedule"] is True
    for name in ("train.batch_size", "train.epochs", "growth", "dcgan", "kid", "blossoms"):
        assert "schedule:" not in ganzoo_command("info", name).out
