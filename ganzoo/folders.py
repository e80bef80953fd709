"""Where ganzoo keeps what can be made again."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder(*parts: str) -> Path:
    """The folder for downloads and prepared pictures, made if need be.

    ``GANZOO_CACHE`` names it; otherwise it is the user's cache folder of this system.
    """
    root = os.environ.get("GANZOO_CACHE") or platformdirs.user_cache_dir("ganzoo", appauthor=False)
    folder = Path(root).expanduser().joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
