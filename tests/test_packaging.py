from __future__ import annotations

import ast
import pkgutil
import re
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

import ganzoo
from ganzoo.components import RecipeSpec
from ganzoo.registry import Entry, Registry

ROOT = Path(__file__).parents[1]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
ENTRY_POINTS: dict[str, str] = PROJECT["entry-points"]["ganzoo"]
EXTRAS = [package for extra in PROJECT["optional-dependencies"].values() for package in extra]
CORE = sorted((ROOT / "ganzoo").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
TEXT_FILES = ("*.py", "*.md", "*.toml", "*.yaml", ".ci/run", ".gitignore", "LICENSE")
GENERATED = {".git", ".nox", ".venv", "_build", "build", "dist", "runs", "node_modules"}


def bundled() -> list[Entry]:
    return [e for e in Registry.discover().entries() if e.plugin.name in ENTRY_POINTS]


def relative(path: object) -> str:
    return path.relative_to(ROOT).as_posix() if isinstance(path, Path) else str(path)


def imports(source: Path) -> Iterator[str]:
    """All imports of a file, also inside functions; ``from a import b`` is a.b."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_plugin_folder_has_an_entry_point() -> None:
    folders = {init.parent.name for init in (ROOT / "plugins").glob("*/__init__.py")}
    assert set(ENTRY_POINTS.values()) == folders, (
        "[project.entry-points.ganzoo] of pyproject.toml and the folders of plugins/ differ: add "
        'the line NAME = "ganzoo_NAME", then run `pip install -e .` again'
    )


def test_every_entry_point_is_installed_and_has_components() -> None:
    missing = ENTRY_POINTS.keys() - {entry.plugin.name for entry in bundled()}
    assert not missing, "run `pip install -e .` again, and look at `ganzoo plugins`"


def test_the_plugins_folder_is_not_a_package() -> None:
    assert not (ROOT / "plugins" / "__init__.py").exists()


def test_the_version_is_the_same_everywhere() -> None:
    assert ganzoo.__version__ == PROJECT["version"]
    assert f"## [{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("entry", bundled(), ids=lambda entry: entry.qualified_name)
def test_files_and_import_strings_of_components_exist(entry: Entry) -> None:
    component = entry.component
    if isinstance(component, RecipeSpec):
        assert component.read()
    elif isinstance(component.factory, str):
        assert callable(pkgutil.resolve_name(component.factory))


@pytest.mark.parametrize("source", PLUGINS, ids=relative)
def test_a_plugin_imports_only_public_names(source: Path) -> None:
    public = {f"ganzoo.{name}" for name in ganzoo.__all__}
    own = {name for name in imports(source) if name.startswith("ganzoo.")}
    assert own <= public, f"{relative(source)}: `from ganzoo import ...` its public names instead"


@pytest.mark.parametrize("source", PLUGINS, ids=relative)
def test_a_plugin_imports_no_other_plugin(source: Path) -> None:
    own = source.relative_to(ROOT / "plugins").parts[0]
    others = {name.partition(".")[0] for name in imports(source)} - {own}
    assert not {name for name in others if name.startswith("ganzoo_")}


@pytest.mark.parametrize(
    ("folder", "declared"),
    [
        ("ganzoo", [*PROJECT["dependencies"], "pytest", "optuna"]),  # for fixtures, and for types
        ("plugins", [*PROJECT["dependencies"], *EXTRAS]),
        ("tests", [*PROJECT["dependencies"], *EXTRAS, *PYPROJECT["dependency-groups"]["tests"]]),
    ],
)
def test_every_imported_package_is_a_declared_dependency(folder: str, declared: list[str]) -> None:
    names = {re.split(r"[<>=!~;\[ ]", requirement)[0] for requirement in declared}
    sources = list((ROOT / folder).rglob("*.py"))
    found = {name.partition(".")[0] for source in sources for name in imports(source)}
    ours = {"ganzoo", folder, *ENTRY_POINTS.values(), *(source.stem for source in sources)}
    providers = packages_distributions()
    for package in found - ours - sys.stdlib_module_names:
        by = {provider.lower().replace("_", "-") for provider in providers.get(package, ())}
        assert names & by, f"{folder} imports {package}, which pyproject.toml does not name"


def test_the_core_imports_nothing_that_only_plugins_need() -> None:
    found = {name for source in CORE for name in imports(source)}
    for package in ("tensorboard", "torch.utils.tensorboard", "httpx", "httpcore"):
        assert not {name for name in found if f"{name}.".startswith(f"{package}.")}, package


def module_name(source: Path) -> str:
    return relative(source.with_suffix("")).replace("/", ".").removesuffix(".__init__")


def module_graph() -> dict[str, set[str]]:
    """The imports of each module of the core, without ganzoo/__init__.py and __main__.py."""
    modules = {module_name(source) for source in CORE} - {"ganzoo", "ganzoo.__main__"}
    graph: dict[str, set[str]] = {}
    for source in CORE:
        if (importer := module_name(source)) in modules:
            found = {n if n in modules else n.rpartition(".")[0] for n in imports(source)}
            graph[importer] = (found & modules) - {importer}
    return graph


def test_the_core_has_no_import_cycles() -> None:
    TopologicalSorter(module_graph()).prepare()


def test_modules_of_the_core_import_from_lower_layers_only() -> None:
    design = (ROOT / "docs" / "design.md").read_text("utf-8")
    sentence = re.search(r"each layer only downwards: (.*?)\. There are no", design, re.DOTALL)
    assert sentence, "docs/design.md no longer says which layers there are"
    layers = enumerate(re.split(r"\s/\s", sentence[1]))
    layer = {name: number for number, names in layers for name in re.findall(r"`(\w+)`", names)}
    edges = {
        (importer.split(".")[1], imported.split(".")[1])
        for importer, found in module_graph().items()
        for imported in found
    }
    edges = {(importer, imported) for importer, imported in edges if importer != imported}
    without_layer = {name for edge in edges for name in edge} - layer.keys()
    assert not without_layer, "docs/design.md names no layer for them"
    upwards = {edge for edge in edges if layer[edge[0]] >= layer[edge[1]]}
    assert not upwards, "these import from their own layer or a higher one"


def test_no_file_contains_a_path_of_a_machine() -> None:
    # In pieces, so that this file does not match.
    folders = "|".join(("root", "Users", "work", "opt", "tmp"))
    place = r"[ =]\S*[:/]"  # of an index of packages: an address or a folder
    pattern = re.compile(rf"(?<![\w.~>)])/(?:{folders})/\w|(?:index-url|find-links){place}")
    files = {path for pattern in TEXT_FILES for path in ROOT.rglob(pattern)}
    for path in sorted(files):
        if not GENERATED.intersection(path.relative_to(ROOT).parts):
            found = pattern.search(path.read_text("utf-8"))
            assert not found, f"{relative(path)} names {found}"
