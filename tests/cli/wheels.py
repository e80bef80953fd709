"""Wheels of small packages, written without a build."""

from __future__ import annotations

import zipfile
from pathlib import Path

PLUGIN = """\
import ganzoo

@ganzoo.hookimpl
def ganzoo_losses():
    return [ganzoo.LossSpec(name="{name}", summary="A loss to install.", factory="x:y")]
"""


def write_wheel(
    folder: Path, name: str, code: str | None = None, *, version: str = "1.0", plugin: str = ""
) -> Path:
    """A wheel of one module; with ``plugin``, that is its entry point and it has a loss."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    wheel = folder / f"{module}-{version}-py3-none-any.whl"
    files = {
        f"{module}.py": PLUGIN.format(name=plugin) if code is None else code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if plugin:
        files[f"{info}/entry_points.txt"] = f"[ganzoo]\n{plugin} = {module}\n"
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return wheel


def unpack_wheel(wheel: Path, folder: Path) -> None:
    """Make the package importable from a folder, as if it had been installed there."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
