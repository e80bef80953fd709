"""``ganzoo plugins``: the installed plugins and whether they load."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from ganzoo.cli.options import DisablePlugin, Json, LocalPlugin


def plugins(
    as_json: Json = False, disable_plugin: DisablePlugin = None, plugin: LocalPlugin = None
) -> None:
    """List all installed plugins, including those that failed to load or are disabled.

    To disable a plugin use `--disable-plugin NAME`, or the environment variable
    `GANZOO_DISABLE_PLUGINS=NAME,NAME`.

    Examples: `ganzoo plugins`, `ganzoo plugins --json`, `ganzoo plugins --plugin my_gan.py`.
    """
    from ganzoo.registry import Registry

    registry = Registry.discover(disable_plugin or (), plugin or ())
    rows = _rows(registry)
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        status = "no components" if row["status"] == "ok" else row["status"]
        components = ", ".join(row["offers"]) or status
        package = f"{row['distribution']} {row['version']}".strip()
        print(f"{row['name']:{width}}  {package}  {components}")


def _rows(registry: Any) -> list[dict[str, Any]]:
    from ganzoo.registry import plural

    counts: dict[str, Counter[str]] = {}
    for entry in registry.entries():
        counts.setdefault(entry.plugin.name, Counter())[entry.component.kind] += 1
    states = [(plugin, "ok") for plugin in registry.plugins]
    states += [(plugin, "disabled") for plugin in registry.disabled]
    states += [(failure.plugin, f"failed: {failure.reason}") for failure in registry.failures]
    return [
        {
            "name": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "status": status,
            "offers": [
                f"{count} {kind if count == 1 else plural(kind)}"
                for kind, count in counts.get(plugin.name, {}).items()
            ],
            "import_seconds": registry.import_seconds.get(plugin.name),
        }
        for plugin, status in sorted(states, key=lambda state: state[0].name)
    ]
