"""The packages in examples/, for tests that need them installed."""

from __future__ import annotations

import tomllib
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"
PACKAGES = sorted(file.parent for file in EXAMPLES.glob("*/pyproject.toml"))


def install(site: Path) -> list[str]:
    """What to add to ``sys.path`` to have all packages installed, as pip does it with ``-e``.

    Their metadata is written into a new folder ``site``.
    """
    for package in PACKAGES:
        project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        info = site / f"{package.name}-{project['version']}.dist-info"
        info.mkdir(parents=True)
        facts = {"Metadata-Version": "2.1", "Name": project["name"], "Version": project["version"]}
        (info / "METADATA").write_text("".join(f"{key}: {facts[key]}\n" for key in facts))
        (entry,) = project["entry-points"]["ganzoo"].items()
        (info / "entry_points.txt").write_text("[ganzoo]\n{} = {}\n".format(*entry))
    return [str(site), *map(str, PACKAGES)]
