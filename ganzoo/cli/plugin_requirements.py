"""The packages of plugins as lines of a requirements file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.cli.plugin_facts import PluginFacts


def requirement_lines(found: Sequence[PluginFacts]) -> Iterator[str]:
    """One line for each package that is not ganzoo itself; a comment for each local file."""
    packages = {facts.distribution: facts.version for facts in found if not facts.is_bundled}
    local = {facts.distribution for facts in found if facts.is_local}
    for name in sorted(packages.keys() - local):
        yield _requirement(name, packages[name])
    yield from (f"# {name}" for name in sorted(local))


def _requirement(name: str, version: str) -> str:
    """``name==version``; for a package that was installed from a folder or URL, that."""
    try:
        origin = origin_of(distribution(name))
    except PackageNotFoundError:
        return f"# {name}: its package is unknown"
    url = origin.get("url")
    if not url:
        return f"{name}=={version}"
    if origin.get("dir_info", {}).get("editable"):
        return f"-e {url}"
    if repository := origin.get("vcs_info"):
        url = f"{repository['vcs']}+{url}@{repository['commit_id']}"
    if folder := origin.get("subdirectory"):
        url += f"#subdirectory={folder}"
    return f"{name} @ {url}"


def origin_of(package: Distribution) -> Mapping[str, Any]:
    """Where pip installed it from; empty if that was an index, or if its record is damaged."""
    try:
        found = json.loads(package.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
