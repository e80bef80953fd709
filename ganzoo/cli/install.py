"""``ganzoo install``: install packages with plugins, and show what they add."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.errors import RequestError

if TYPE_CHECKING:
    from ganzoo.cli.environment import Environment, Package

Packages = Annotated[
    list[str] | None,
    typer.Argument(metavar="PACKAGE...", help="Names, folders, wheels or URLs, as for pip."),
]
Editable = Annotated[
    list[str] | None,
    typer.Option(
        "--editable", "-e", metavar="FOLDER", help="Install this folder so that edits take effect."
    ),
]
Requirement = Annotated[
    list[Path] | None,
    typer.Option("--requirement", "-r", metavar="FILE", help="Install what this file lists."),
]
Upgrade = Annotated[bool, typer.Option("--upgrade", "-U", help="Install the newest versions.")]
Pre = Annotated[bool, typer.Option("--pre", help="Also use versions before a release.")]
IndexUrl = Annotated[
    str | None, typer.Option("--index-url", "-i", metavar="URL", help="Where packages are found.")
]


def install(
    packages: Packages = None,
    editable: Editable = None,
    requirement: Requirement = None,
    upgrade: Upgrade = False,
    pre: Pre = False,
    index_url: IndexUrl = None,
) -> None:
    """Install packages with plugins into the Python environment of ganzoo, and show what they add.

    This runs pip, or uv if the environment has no pip. Environment variables such as PIP_NO_INDEX
    work as usual. The exit status is that of pip, and 1 if a new plugin fails to load.

    Examples: `ganzoo install ganzoo-NAME`, `ganzoo install -U ganzoo-NAME`,
    `ganzoo install -e FOLDER`, `ganzoo install -r plugins.txt`.
    """
    from ganzoo.cli.environment import Environment, changed_plugins, new_problems
    from ganzoo.cli.package_installer import run_installer

    names, folders, files = packages or [], editable or [], requirement or []
    if not (names or folders or files):
        raise RequestError("say what to install: ganzoo install PACKAGE, or -e FOLDER, or -r FILE")
    _check(names)
    arguments = [*(["--upgrade"] if upgrade else []), *(["--pre"] if pre else [])]
    arguments += ["--index-url", index_url] if index_url else []
    for option, values in (("--editable", folders), ("--requirement", files)):
        arguments += [word for value in values for word in (option, str(value))]
    before = Environment.read()
    if status := run_installer("install", [*arguments, "--", *names]):
        raise typer.Exit(status)
    after = Environment.read_after_change()
    lines = list(_report(before, after, _wanted([*names, *folders], before, after)))
    problems = new_problems(before, after)
    for line in lines or ([] if problems else ["no component of ganzoo changed"]):
        print(line)
    for problem in problems:
        print(problem, file=sys.stderr)
    if any(plugin.failed for plugin in changed_plugins(before, after)):
        raise typer.Exit(1)


def _check(names: Sequence[str]) -> None:
    """Refuse a Python file; warn about a folder that pip would not use."""
    for name in names:
        if name.endswith(".py"):
            raise RequestError(
                f"{name} is a file, which needs no installation: use it by --plugin {name}"
            )
        if re.fullmatch(r"[\w.-]+", name) and Path(name).is_dir() and not name.startswith("."):
            print(
                f"warning: {name} is taken from the index of packages; for the folder of that "
                f"name write ./{name}",
                file=sys.stderr,
            )


def _wanted(sources: Sequence[str], before: Environment, after: Environment) -> list[str]:
    """The normalized names of the packages that were asked for."""
    named = {name for source in sources for name in _names(source, after)}
    changed = after.packages.items() - before.packages.items()
    named |= {name for name, package in changed if package.requested}
    return sorted(named & after.packages.keys())


def _names(source: str, environment: Environment) -> Iterator[str]:
    """The packages that a name, a path or a URL may mean."""
    from ganzoo.cli.environment import normalized

    path = Path(re.sub(r"\[[^/]*\]$", "", source))  # without extras
    places = {path.absolute().as_uri(), path.resolve().as_uri()}
    found = [name for name, package in environment.packages.items() if package.origin in places]
    named = re.match(r"\w[\w.-]*(?![\w.-]|[+\w]*://)", source)
    yield from found or ([normalized(named[0])] if named else [])


def _report(before: Environment, after: Environment, wanted: Sequence[str]) -> Iterator[str]:
    """The new and the lost components, then what was asked for and added none."""
    from ganzoo.cli.environment import added_components, changed_plugins

    added = list(added_components(before, after))
    yield from added
    if lost := list(added_components(after, before)):
        yield from ("no longer there:", *lost)
    new = {plugin.name for plugin in changed_plugins(before, after)}
    for name in wanted:
        package, plugins = after.packages[name], after.of_package(name)
        if not plugins:
            yield _without_plugin(package)
        for plugin in plugins:
            if not (plugin.failed or (added and plugin.name in new)):
                yield f"{plugin.package} is installed: plugin {plugin.name} with {plugin.offer}"
    if added:
        yield "`ganzoo info NAME` explains a component and its options."


def _without_plugin(package: Package) -> str:
    text = f"{package.name} {package.version} has no plugin of ganzoo"
    if not package.name.startswith("ganzoo"):
        text += f" (most packages of plugins are called ganzoo-NAME; is it ganzoo-{package.name}?)"
    return f"{text}: `ganzoo uninstall {package.name}` removes it."
