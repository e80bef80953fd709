"""``ganzoo plugins``: which plugins are installed, and whether they work."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from ganzoo.cli.options import DisablePlugin, Json, LocalPlugin


def plugins(
    as_json: Json = False, disable_plugin: DisablePlugin = None, plugin: LocalPlugin = None
) -> None:
    """List the installed plugins, the broken and the disabled ones too.

    Disable one with `--disable-plugin NAME`, or several with the environment variable
    `GANZOO_DISABLE_PLUGINS=a,b`.

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
        status = "offers nothing" if row["status"] == "ok" else row["status"]
        offers = ", ".join(row["offers"]) or status
        source = f"{row['distribution']} {row['version']}".strip()
        print(f"{row['name']:{width}}  {source}  {offers}")


def _rows(registry: Any) -> list[dict[str, Any]]:
    from ganzoo.registry import plural

    offers: dict[str, Counter[str]] = {}
    for entry in registry.entries():
        offers.setdefault(entry.plugin.name, Counter())[entry.component.kind] += 1
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
                for kind, count in offers.get(plugin.name, {}).items()
            ],
            "import_seconds": registry.import_seconds.get(plugin.name),
        }
        for plugin, status in sorted(states, key=lambda state: state[0].name)
    ]
