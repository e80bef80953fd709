"""``ganzoo uninstall``: remove packages with plugins, and show what went with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.errors import RequestError, did_you_mean

if TYPE_CHECKING:
    from ganzoo.cli.environment import Environment, Package

OWN_PACKAGE = "ganzoo-toolkit"


def uninstall(
    packages: Annotated[
        list[str], typer.Argument(metavar="PACKAGE...", help="Names of installed packages.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Uninstall packages with plugins, and show which components went with them.

    This runs pip, or uv if the environment has no pip, and exits with its status. Runs that used
    the components stay; a command that needs a missing one names its package.

    Example: `ganzoo uninstall ganzoo-NAME`.
    """
    from ganzoo.cli.environment import Environment, added_components
    from ganzoo.cli.package_installer import run_installer

    before = Environment.read()
    chosen = [_installed(name, before) for name in packages]
    if not (yes or _confirmed(before, chosen)):
        print("nothing was uninstalled")
        return
    status = run_installer("uninstall", ["--", *(package.name for package in chosen)])
    after = Environment.read_after_change()
    lost = list(added_components(after, before))
    print(*(["no longer there:", *lost] if lost else ["no component was removed"]), sep="\n")
    raise typer.Exit(status)


def _installed(name: str, environment: Environment) -> Package:
    """The package of this name; raises RequestError for one that cannot be uninstalled."""
    from ganzoo.cli.environment import normalized

    if package := environment.packages.get(normalized(name)):
        if normalized(name) == OWN_PACKAGE:
            raise RequestError(
                f"{name} is ganzoo itself with all bundled plugins, which cannot be uninstalled "
                f"alone; GANZOO_DISABLE_PLUGINS=NAME disables one"
            )
        if normalized(name) in _own_requirements():
            raise RequestError(f"ganzoo itself needs the package {name}")
        return package
    for plugin in environment.plugins:
        if plugin.name == name and plugin.is_bundled:
            raise RequestError(
                f"the plugin {name} is bundled with ganzoo and cannot be uninstalled; "
                f"GANZOO_DISABLE_PLUGINS={name} disables it"
            )
        if plugin.name == name:
            package_name = plugin.distribution
            raise RequestError(
                f"the plugin {name} is in the package {package_name}: "
                f"`ganzoo uninstall {package_name}`"
            )
    known = [plugin.distribution for plugin in environment.plugins if not plugin.is_bundled]
    suggestion = did_you_mean(name, known) or "; `ganzoo plugins` lists the plugins with packages"
    raise RequestError(f"the package {name} is not installed{suggestion}")


def _own_requirements() -> Iterator[str]:
    """The normalized names of the packages that ganzoo always needs."""
    from importlib.metadata import PackageNotFoundError, requires

    from ganzoo.cli.environment import normalized

    try:
        needed = requires(OWN_PACKAGE) or []
    except PackageNotFoundError:
        needed = []
    for requirement in needed:
        if "extra ==" not in requirement and (found := re.match(r"[\w.-]+", requirement)):
            yield normalized(found[0])


def _confirmed(environment: Environment, packages: Sequence[Package]) -> bool:
    """Whether the user agrees to lose these packages; raises RequestError without an answer."""
    for package in packages:
        plugins = environment.of_package(package.name)
        offers = ", ".join(f"plugin {plugin.name}: {plugin.offer}" for plugin in plugins)
        print(f"{package.name} {package.version} ({offers or 'no plugin of ganzoo'})")
    try:
        return typer.confirm("Uninstall?")
    except typer.Abort as error:
        raise RequestError("nothing was uninstalled: there was no answer; pass --yes") from error
