"""Python environments of their own, for tests that install packages."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path


def new_python(folder: Path) -> Path:
    """The Python of a new environment in this folder, which also has the packages of this one."""
    venv.create(folder, symlinks=os.name != "nt")
    (site,) = folder.rglob("site-packages")
    shared = [path for path in sys.path if path.endswith("site-packages")]
    lines = [f"import site; site.addsitedir({path!r})\n" for path in shared]
    (site / "shared.pth").write_text("".join(lines))
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"
