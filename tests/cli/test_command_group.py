"""The commands of plugins on the command line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from unittest.mock import Mock

import pytest

from ganzoo.registry import Registry
from tests.cli.conftest import Ganzoo

DECLARATION = """
import ganzoo

def spec(name, factory="{code}:greet", **more):
    return ganzoo.CommandSpec(name=name, summary="Says {name}.", factory=factory, **more)

@ganzoo.hookimpl
def ganzoo_commands():
    return [{specs}]
"""

CODE = '''
import typer
from typing import Annotated

import ganzoo

def greet(
    name: Annotated[str, typer.Argument(help="Whom.")] = "you",
    fail: Annotated[str, typer.Option(help="How.")] = "",
) -> None:
    """Greet somebody.

    Example: `ganzoo greet me`.
    """
    if fail == "bug":
        raise KeyError("lost")
    if fail == "request":
        raise ganzoo.RequestError("not today")
    if fail == "exit":
        raise typer.Exit(3)
    print(f"hello {name}")

app = typer.Typer(help="Several greetings.", no_args_is_help=True)
app.command("first")(greet)
app.command("second")(greet)
'''


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make a plugin with commands appear installed."""
    monkeypatch.syspath_prepend(tmp_path)
    points = list(entry_points(group="ganzoo"))

    def install(name: str, *specs: str) -> None:
        texts = {"code": f"{name}_code", "name": name, "specs": ", ".join(specs)}
        text = DECLARATION
        for key, value in texts.items():
            text = text.replace(f"{{{key}}}", value)
        (tmp_path / f"{name}.py").write_text(text)
        (tmp_path / f"{name}_code.py").write_text(CODE)
        points.append(EntryPoint(name, name, "ganzoo"))
        found = EntryPoints(points)
        for module in ("registry", "cli.listed_commands"):
            monkeypatch.setattr(f"ganzoo.{module}.entry_points", lambda group: found)
        for module in (name, f"{name}_code"):
            sys.modules.pop(module, None)

    return install


def test_a_command_is_listed_without_importing_its_code(
    ganzoo_command: Ganzoo, install: Callable[..., None]
) -> None:
    install("polite", 'spec("greet", panel="Greetings")', 'spec("data greet")', 'spec("say hi")')
    shown = ganzoo_command("--help").out
    assert re.search(r"Greetings:\n +greet +Says polite\.", shown, re.DOTALL)
    assert re.search(r"say +Commands of plugins\.", shown)
    assert re.search(r"greet +Says polite\.", ganzoo_command("data", "--help").out)
    assert "polite_code" not in sys.modules
    assert "Greet somebody." in ganzoo_command("greet", "--help").out
    assert ganzoo_command("greet", "me").out == "hello me\n"
    assert ganzoo_command("data", "greet").out == "hello you\n"
    assert ganzoo_command("say", "hi").out == "hello you\n"


def test_commands_are_listed_as_components(
    ganzoo_command: Ganzoo, install: Callable[..., None]
) -> None:
    install("polite", 'spec("greet")', 'spec("data greet")')
    listed = ganzoo_command("list", "commands").out
    assert re.search(r"  data fetch +Download", listed)
    assert re.search(r"  greet +Says polite\.  \[polite\]", listed)
    assert "run it with: ganzoo data greet" in ganzoo_command("info", "data greet").out
    assert re.search(r"polite +unknown +2 commands +ok", ganzoo_command("plugins").out)
    assert (
        "turn it off with: observe.tensorboard=false" in ganzoo_command("info", "tensorboard").out
    )


def test_a_taken_name_is_qualified_and_the_core_keeps_its_own(
    ganzoo_command: Ganzoo, install: Callable[..., None]
) -> None:
    install("polite", 'spec("plugins")', 'spec("greet")')
    install("rude", 'spec("greet")')
    shown = ganzoo_command("--help").out
    for name in ("polite/plugins", "polite/greet", "rude/greet"):
        assert re.search(rf"{name} +Says", shown), name
    assert "classic-augment" in ganzoo_command("plugins").out
    assert ganzoo_command("polite/plugins", "me").out == "hello me\n"
    assert ganzoo_command("rude/greet", "me").out == "hello me\n"
    assert (
        "the command greet is ambiguous: write polite/greet or rude/greet"
        in ganzoo_command("greet").error
    )


def test_a_qualified_name_always_works(
    ganzoo_command: Ganzoo, install: Callable[..., None]
) -> None:
    install("polite", 'spec("greet")')
    assert ganzoo_command("polite/greet", "me").out == "hello me\n"
    assert "LIST" in ganzoo_command("data", "fetch/fetch", "--help").out


def test_a_typer_app_is_a_group(ganzoo_command: Ganzoo, install: Callable[..., None]) -> None:
    install("polite", 'spec("greetings", factory="polite_code:app")')
    assert "second" in ganzoo_command("greetings", "--help").out
    assert ganzoo_command("greetings", "second", "me").out == "hello me\n"


def test_a_mistyped_command_of_a_plugin_gets_a_suggestion(
    ganzoo_command: Ganzoo, install: Callable[..., None]
) -> None:
    install("polite", 'spec("greet")')
    assert "Did you mean 'greet'" in ganzoo_command("gret").error
    assert "Did you mean 'fetch'" in ganzoo_command("data", "fetsh").error


@pytest.mark.parametrize(
    ("fail", "status", "shown"),
    [
        ("request", 2, "error: not today\n"),
        ("bug", 1, r"error: command polite/greet \(.*polite_code.py:16\): KeyError: 'lost' .*\n"),
        ("exit", 3, ""),
    ],
)
def test_errors_of_a_command_name_its_plugin(
    ganzoo_command: Ganzoo, install: Callable[..., None], fail: str, status: int, shown: str
) -> None:
    install("polite", 'spec("greet")')
    done = ganzoo_command("greet", "--fail", fail)
    assert done.status == status
    assert re.fullmatch(shown, done.err)


@pytest.mark.parametrize(
    ("factory", "shown"),
    [
        ("polite_code:nothing", "AttributeError"),
        ("polite_code:ganzoo", "polite_code:ganzoo is a module, not a function or a Typer app"),
        ("polite_cod:greet", "ModuleNotFoundError"),
    ],
)
def test_a_command_that_cannot_be_imported_costs_only_itself(
    ganzoo_command: Ganzoo, install: Callable[..., None], factory: str, shown: str
) -> None:
    install("polite", f'spec("greet", factory="{factory}")', 'spec("other")')
    assert re.search(r"greet +Says", ganzoo_command("--help").out)
    assert ganzoo_command("other").out == "hello you\n"
    failed = ganzoo_command("greet")
    assert failed.status == 1
    assert re.match("error: command polite/greet", failed.err)
    assert shown in failed.err


def test_a_broken_plugin_costs_only_itself(
    ganzoo_command: Ganzoo, install: Callable[..., None]
) -> None:
    install("polite", 'spec("greet")')
    install("broken", 'spec("Not a name")')
    shown = ganzoo_command("--help")
    assert re.search(r"greet +Says", shown.out)
    assert shown.err.startswith("warning: the plugin broken (unknown) cannot be used: ValueError")
    assert ganzoo_command("plugins").err == ""


def test_the_commands_of_a_file_are_loaded_with_an_option(
    ganzoo_command: Ganzoo, tmp_path: Path, install: Callable[..., None]
) -> None:
    install("polite", 'spec("greet")')
    file = tmp_path / "local_commands.py"
    file.write_text((tmp_path / "polite.py").read_text().replace('"greet"', '"wave"'))
    assert re.search(r"wave +Says", ganzoo_command("--plugin", file, "--help").out)
    assert ganzoo_command("--plugin", file, "wave", "me").out == "hello me\n"
    assert "No such command 'wave'" in ganzoo_command("wave", "me").error
    refused = ganzoo_command("--plugin", file, "list").error
    assert "write --plugin after list: ganzoo list --plugin FILE.py ..." in refused


def test_a_command_of_the_core_loads_no_plugin() -> None:
    code = (
        "import sys; sys.argv = ['ganzoo', 'data', 'cache', '--help']\n"
        "from ganzoo.cli import main\n"
        "try: main()\n"
        "except SystemExit as leaving: assert not leaving.code, leaving.code\n"
        "assert 'ganzoo_fetch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_list_of_commands_loads_plugins_only_if_something_changed(
    ganzoo_command: Ganzoo,
    install: Callable[..., None],
    tmp_path: Path,
    own_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr("ganzoo.cli.listed_commands._CLOCK", 0)
    install("polite", 'spec("greet")')
    for path in (*tmp_path.rglob("*"), tmp_path):
        os.utime(path, (1e9, 1e9))
    assert re.search(r"greet +Says", ganzoo_command("--help").out)
    (file,) = own_cache.glob("commands/*.json")
    discover = Mock(side_effect=Registry.discover)
    monkeypatch.setattr(Registry, "discover", discover)
    assert re.search(r"greet +Says", ganzoo_command("--help").out)
    discover.assert_not_called()
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", "polite")
    assert "greet" not in ganzoo_command("--help").out
    monkeypatch.delenv("GANZOO_DISABLE_PLUGINS")
    for damaged in ("", "[]", "{", '{"environment": 1}'):
        file.write_text(damaged)
        assert re.search(r"greet +Says", ganzoo_command("--help").out)
    install("polite", 'spec("wave")')
    shown = ganzoo_command("--help").out
    assert re.search(r"wave +Says", shown)
    assert "greet" not in shown


def test_a_cache_folder_that_cannot_be_written_only_costs_time(
    ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "file"))
    done = ganzoo_command("--help")
    assert (done.status, done.err) == (0, "")
