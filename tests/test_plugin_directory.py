"""The directory of plugins is valid, and its page is made from it."""

from __future__ import annotations

import importlib
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ganzoo.registry import Plugin, Registry

ROOT = Path(__file__).parents[1]
GENERATOR = runpy.run_path(str(ROOT / "docs" / "plugin_directory.py"))
TEXT = (ROOT / "docs" / "plugin-directory.toml").read_text("utf-8")
LISTED = GENERATOR["listed"](TEXT)
FOLDERS = [plugin for plugin in LISTED if plugin.link.startswith("examples/")]
ENTRY = {
    "name": "probe",
    "package": "ganzoo-probe",
    "summary": "A loss to look at.",
    "kinds": ["loss"],
    "link": "https://example.org/probe",
    "license": "MIT",
    "ganzoo": ">=0.1,<1",
}


def written(*entries: dict[str, Any]) -> str:
    blocks = (
        "[[plugin]]\n" + "".join(f"{key} = {value!r}\n" for key, value in entry.items())
        for entry in entries
    )
    return "\n".join(blocks)


def test_the_page_of_the_directory_is_up_to_date() -> None:
    page = (ROOT / "docs" / "plugin-directory.md").read_text("utf-8")
    assert GENERATOR["page"]() == page, "run `python docs/plugin_directory.py`"


def test_an_entry_is_a_row_with_a_link() -> None:
    (plugin,) = GENERATOR["listed"](written(ENTRY))
    assert plugin.row() == (
        "| [probe](https://example.org/probe) | `ganzoo-probe` | A loss to look at. | loss | MIT "
        "| `>=0.1,<1` |\n"
    )


def test_the_entry_of_the_page_is_valid() -> None:
    page = (ROOT / "docs" / "plugin-directory.md").read_text("utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    example = example.replace('"NAME"', '"probe"').replace("-NAME", "-probe")
    (plugin,) = GENERATOR["listed"](example.replace("https://...", "https://example.org"))
    assert plugin.name == "probe"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "Wrong_Name"}, "name"),
        ({"kinds": ["losses"]}, "'losses' is no kind of component: dataset, architecture"),
        ({"kinds": []}, "kinds"),
        ({"summary": "No full stop"}, "summary"),
        ({"summary": "A cell | and another."}, "summary"),
        ({"link": "http://example.org"}, "link"),
        ({"license": ""}, "license"),
        ({"ganzoo": "1"}, "ganzoo"),
        ({"stars": 5}, "stars"),
        ({"name": "wgan-gp"}, "wgan-gp: a bundled plugin has this name"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        GENERATOR["listed"](written(ENTRY | changes))


def test_an_entry_without_a_license_is_refused() -> None:
    with pytest.raises(ValueError, match="license"):
        GENERATOR["listed"](written({k: v for k, v in ENTRY.items() if k != "license"}))


def test_entries_have_the_order_of_the_alphabet_and_each_name_once() -> None:
    first = ENTRY | {"name": "first", "package": "ganzoo-first"}
    assert len(GENERATOR["listed"](written(first, ENTRY))) == 2
    with pytest.raises(ValueError, match="first belongs before probe"):
        GENERATOR["listed"](written(ENTRY, first))
    with pytest.raises(ValueError, match="ganzoo-probe is there twice"):
        GENERATOR["listed"](written(first | {"package": "ganzoo-probe"}, ENTRY))


@pytest.mark.parametrize("plugin", FOLDERS, ids=lambda plugin: str(plugin.name))
def test_a_listed_example_is_what_its_entry_says(
    plugin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tomllib.loads((ROOT / plugin.link / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == plugin.package
    assert project["dependencies"][0] == f"ganzoo-toolkit{plugin.ganzoo}"
    monkeypatch.syspath_prepend(ROOT / plugin.link)
    module = importlib.import_module(project["entry-points"]["ganzoo"][plugin.name])
    registry = Registry()
    registry.register(module, Plugin(plugin.name, plugin.package, "1.0"))
    kinds = list(dict.fromkeys(entry.component.kind for entry in registry.entries()))
    assert sorted(kinds) == sorted(plugin.kinds)


def test_every_example_package_is_listed() -> None:
    folders = {path.parent.name for path in (ROOT / "examples").glob("*/pyproject.toml")}
    assert {Path(plugin.link).name for plugin in FOLDERS} == folders
