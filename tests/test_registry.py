from __future__ import annotations

import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import ganzoo
from ganzoo.components import plural
from ganzoo.registry import KINDS, Plugin, Registry


def module(**members: Any) -> ModuleType:
    new = ModuleType("made")
    new.__dict__.update(members)
    return new


def module_with_losses(*names: str) -> ModuleType:
    @ganzoo.hookimpl
    def ganzoo_losses() -> list[ganzoo.LossSpec]:
        return [
            ganzoo.LossSpec(name=name, summary="A loss.", factory="collections:OrderedDict")
            for name in names
        ]

    return module(ganzoo_losses=ganzoo_losses)


def plugin(name: str) -> Plugin:
    return Plugin(name, f"ganzoo-{name}", "1.0")


def test_an_installed_component_is_found_with_its_distribution() -> None:
    entry = Registry.discover().find("loss", "wgan-gp")
    assert entry.qualified_name == "wgan-gp/wgan-gp"
    assert str(entry.plugin).startswith("wgan-gp (ganzoo-toolkit ")


def test_a_component_is_found_by_its_qualified_name() -> None:
    registry = Registry.discover()
    assert registry.find("loss", "adversarial/hinge") == registry.find("loss", "hinge")


def test_a_short_name_is_an_error_only_when_it_is_used_while_ambiguous() -> None:
    registry = Registry()
    registry.register(module_with_losses("hinge"), plugin("a"))
    registry.register(module_with_losses("hinge", "soft"), plugin("b"))
    assert registry.find("loss", "soft").plugin.name == "b"
    assert registry.find("loss", "b/hinge").plugin.name == "b"
    with pytest.raises(ganzoo.UnknownName, match="ambiguous: write a/hinge or b/hinge"):
        registry.find("loss", "hinge")


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(ganzoo.UnknownName, match="no loss called wgan-pg; did you mean wgan-gp"):
        Registry.discover().find("loss", "wgan-pg")


def test_an_unknown_name_of_another_kind_is_mentioned() -> None:
    with pytest.raises(
        ganzoo.UnknownName, match=r"no loss called dcgan \(but there is the architecture dcgan"
    ):
        Registry.discover().find("loss", "dcgan")


def test_two_plugins_of_the_same_name_are_refused() -> None:
    registry = Registry()
    registry.register(module_with_losses("hinge"), plugin("a"))
    with pytest.raises(ValueError, match="already named 'a'"):
        registry.register(module_with_losses("other"), plugin("a"))
    assert [entry.component.name for entry in registry.entries("loss")] == ["hinge"]


def test_two_components_of_the_same_name_in_a_plugin_are_refused() -> None:
    registry = Registry()
    with pytest.raises(ValueError, match="two components of kind loss named 'hinge'"):
        registry.register(module_with_losses("hinge", "hinge"), plugin("a"))
    assert registry.entries() == []


def test_a_misspelled_hook_is_refused_and_the_plugin_name_stays_free() -> None:
    @ganzoo.hookimpl
    def ganzoo_loses() -> list[ganzoo.LossSpec]:
        return []

    registry = Registry()
    with pytest.raises(TypeError, match="no hook named 'ganzoo_loses'; did you mean ganzoo_losses"):
        registry.register(module(ganzoo_loses=ganzoo_loses), plugin("a"))
    registry.register(module_with_losses("hinge"), plugin("a"))


def test_an_unknown_optional_hook_is_accepted() -> None:
    @ganzoo.hookimpl(optionalhook=True)
    def ganzoo_samplers() -> list[object]:
        return []

    registry = Registry()
    registry.register(module(ganzoo_samplers=ganzoo_samplers), plugin("a"))
    assert registry.plugins == [plugin("a")]
    with pytest.raises(ganzoo.UnknownName, match=r"\(without components: a \(ganzoo-a 1.0\)\)"):
        registry.find("loss", "mine")


def test_a_hook_wrapper_is_refused() -> None:
    @ganzoo.hookimpl(wrapper=True)
    def ganzoo_losses() -> Any:
        return (yield)

    with pytest.raises(TypeError, match="cannot be wrapped"):
        Registry().register(module(ganzoo_losses=ganzoo_losses), plugin("a"))


def test_a_hook_that_fails_after_its_first_component_adds_nothing() -> None:
    @ganzoo.hookimpl
    def ganzoo_losses() -> Any:
        yield ganzoo.LossSpec(name="fine", summary="A loss.", factory="x:y")
        raise RuntimeError("boom")

    registry = Registry()
    with pytest.raises(RuntimeError, match="boom"):
        registry.register(module(ganzoo_losses=ganzoo_losses), plugin("a"))
    assert registry.entries() == []
    assert registry.plugins == []


def test_a_component_of_the_wrong_kind_is_refused() -> None:
    @ganzoo.hookimpl
    def ganzoo_datasets() -> list[Any]:
        return [ganzoo.LossSpec(name="hinge", summary="A loss.", factory="x:y")]

    with pytest.raises(TypeError, match="not a dataset"):
        Registry().register(module(ganzoo_datasets=ganzoo_datasets), plugin("a"))


@pytest.mark.parametrize(
    "error",
    [
        "import no_such_module",
        "raise SystemExit(3)",
        "1 / 0",
        "def broken(:",
        "\0",
        "def again():\n    again()\nagain()",
        "raise BaseException('neither an error nor an exit')",
        "from ganzoo import SomethingThatIsNoMore",
        "import ganzoo\nganzoo.LossSpec(name='a', summary='A.', factory='a:b', of_another_age=1)",
    ],
)
def test_a_broken_plugin_does_not_affect_the_others(tmp_path: Path, error: str) -> None:
    file = tmp_path / "broken_gan.py"
    file.write_text(error)
    registry = Registry.discover(files=[file])
    assert [failure.plugin.name for failure in registry.failures] == ["broken-gan"]
    assert registry.find("loss", "wgan-gp").component.name == "wgan-gp"
    assert "\n" not in registry.failures[0].reason
    with pytest.raises(ganzoo.UnknownName, match=r"failed to load: broken-gan \(local: "):
        registry.find("loss", "mine")


@pytest.mark.parametrize(
    ("code", "reason", "line"),
    [
        ("def f():\n    return 1 / 0\nf()", "ZeroDivisionError: division by zero", 2),
        ("import os\nos.path.join(None)", "TypeError: ", 2),
        ("x = 1\ndef broken(:", "SyntaxError: ", 2),
        (
            "import ganzoo\ndef ganzoo_losses():\n    return []",
            "TypeError: ganzoo_losses is not decorated: write @ganzoo.hookimpl above it",
            2,
        ),
        (
            "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n    []",
            "TypeError: ganzoo_losses returned None, not a list of losses",
            2,
        ),
        (
            "import ganzoo\n\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
            "    return [ganzoo.LossSpec(name='A', summary='A.', factory='a:b')]",
            "ValueError: loss name 'A' must be lower-case-with-hyphens",
            5,
        ),
        (
            "import ganzoo\n\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
            "    return [ganzoo.LossSpec(name='a', summary='A.', factory='a:b', options={})]",
            "ValueError: loss a: its options should be a class derived from ganzoo.Options, not {}",
            3,
        ),
    ],
)
def test_a_failure_names_the_error_class_and_place(
    tmp_path: Path, code: str, reason: str, line: int
) -> None:
    file = tmp_path / "placed_gan.py"
    file.write_text(code)
    (failure,) = Registry.discover(files=[file]).failures
    assert failure.reason.startswith(reason)
    assert failure.reason.count(str(file)) == 1
    assert f"{file}:{line}" in failure.reason
    sys.modules.pop("placed_gan", None)


def test_ctrl_c_during_the_import_of_a_plugin_is_raised(tmp_path: Path) -> None:
    file = tmp_path / "slow_gan.py"
    file.write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        Registry.discover(files=[file])


def test_the_first_of_two_installed_plugins_of_the_same_name_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number in (1, 2):
        (tmp_path / f"twin_{number}_gan.py").write_text(
            "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
            f"    return [ganzoo.LossSpec(name='twin-{number}', summary='A.', factory='a:b')]\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("twin", f"twin_{number}_gan", "ganzoo") for number in (1, 2)]
    monkeypatch.setattr("ganzoo.registry.entry_points", lambda group: points)
    registry = Registry.discover()
    assert [entry.component.name for entry in registry.entries()] == ["twin-1"]
    assert "another plugin is already named 'twin'" in registry.failures[0].reason


def test_a_broken_plugin_raises_in_strict_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "broken_strictly.py"
    file.write_text("1 / 0")
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "1")
    place = re.escape(f"({file}:1)")
    with pytest.raises(ganzoo.RequestError, match=f"ZeroDivisionError: .*{place}$") as caught:
        Registry.discover(files=[file])
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_missing_module_of_a_plugin_is_recorded() -> None:
    registry = Registry()
    registry.load(EntryPoint("bad", "no_such_module_anywhere", "ganzoo"))
    assert registry.failures[0].reason.startswith("ModuleNotFoundError: ")


@pytest.mark.parametrize("value", ["ganzoo-mine", "", "ganzoo mine"])
def test_an_entry_point_that_names_no_module_is_recorded(value: str) -> None:
    registry = Registry()
    registry.load(EntryPoint("mine", value, "ganzoo"))
    (failure,) = registry.failures
    assert failure.reason.startswith(f"ValueError: its entry point is {value!r}, not the name of")


def test_the_second_name_of_a_module_is_recorded_with_the_first() -> None:
    registry = Registry()
    for name in ("first", "second"):
        registry.load(EntryPoint(name, "ganzoo_mlp", "ganzoo"))
    (failure,) = registry.failures
    assert "its module is also that of the plugin first: keep one of the two" in failure.reason


def test_a_disabled_plugin_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", "wgan-gp,mlp")
    imported: list[str] = []
    monkeypatch.setattr(
        Registry, "load", lambda self, point, from_file=None: imported.append(point.name)
    )
    registry = Registry.discover(without=["dcgan"])
    assert {p.name for p in registry.disabled} == {"dcgan", "mlp", "wgan-gp"}
    assert not {"dcgan", "mlp", "wgan-gp"} & set(imported)
    assert "blossoms" in imported


def test_disabling_an_unknown_plugin_is_an_error() -> None:
    with pytest.raises(ganzoo.UnknownName, match=r"disable the plugin dcgna.*did you mean dcgan"):
        Registry.discover(without=["dcgna"])


def test_a_local_file_is_loaded_as_a_plugin(tmp_path: Path) -> None:
    file = tmp_path / "my_local_gan.py"
    file.write_text(
        "import ganzoo\n"
        "class Mine:\n"
        "    def __init__(self, options): pass\n"
        "@ganzoo.hookimpl\n"
        "def ganzoo_losses():\n"
        "    return [ganzoo.LossSpec(name='mine', summary='Mine.', factory='my_local_gan:Mine')]\n"
    )
    entry = Registry.discover(files=[file]).find("loss", "mine")
    assert entry.qualified_name == "my-local-gan/mine"
    assert entry.plugin.distribution == f"local: {file}"
    assert type(entry.component.build(ganzoo.Options())).__name__ == "Mine"


def test_a_local_file_can_be_loaded_twice_but_not_another_file_of_the_same_name(
    tmp_path: Path,
) -> None:
    file = tmp_path / "my_twice_gan.py"
    file.write_text("import ganzoo\n")
    assert not Registry.discover(files=[file]).failures
    assert not Registry.discover(files=[file]).failures
    (tmp_path / "other").mkdir()
    other = file.rename(tmp_path / "other" / "my_twice_gan.py")
    assert "rename" in Registry.discover(files=[other]).failures[0].reason


def test_a_missing_local_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ganzoo.RequestError, match="there is no plugin file"):
        Registry.discover(files=[tmp_path / "nowhere.py"])


def test_entries_are_sorted_by_kind_and_name() -> None:
    entries = Registry.discover().entries()
    kinds = list(KINDS)
    keys = [(kinds.index(e.component.kind), e.component.name) for e in entries]
    assert keys == sorted(keys)


@pytest.mark.parametrize(("kind", "expected"), [("loss", "losses"), ("dataset", "datasets")])
def test_plurals(kind: str, expected: str) -> None:
    assert plural(kind) == expected


def test_a_plugin_that_imports_torch_is_recorded_with_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("heavy_gan", "light_gan", "failing_heavy_gan"):
        torch = "import sys\nsys.modules['torch'] = sys\n" if "heavy" in name else ""
        (tmp_path / f"{name}.py").write_text(f"{torch}{'1 / 0' if 'failing' in name else ''}\n")
    for names, importers in (
        (["light_gan", "heavy_gan"], {"heavy-gan"}),
        (["failing_heavy_gan", "light_gan"], {"failing-heavy-gan"}),
    ):
        monkeypatch.delitem(sys.modules, "torch", raising=False)
        monkeypatch.delitem(sys.modules, "heavy_gan", raising=False)
        registry = Registry()
        for name in names:
            file = tmp_path / f"{name}.py"
            registry.load(EntryPoint(name.replace("_", "-"), name, "ganzoo"), from_file=file)
        assert registry.torch_importers == importers
        assert all(seconds >= 0 for seconds in registry.import_seconds.values())
        assert len(registry.import_seconds) == 2
