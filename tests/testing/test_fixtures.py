"""The fixtures are found by every pytest, and do nothing until a test uses them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

INNER = """
import sys

def test_nothing_else_is_imported():
    loaded = {name for name in sys.modules if name.partition(".")[0] == "ganzoo"}
    assert loaded == {"ganzoo", "ganzoo.testing", "ganzoo.testing.fixtures"}
    assert "torch" not in sys.modules and "numpy" not in sys.modules

def test_the_images(tiny_images):
    assert len(list(tiny_images.rglob("*.png"))) == 16
"""


def test_the_fixtures_are_harmless_and_found_where_ganzoo_is_installed(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text(INNER)
    words = ("-W", "error", "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, *words, "test_inner.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_fixtures_are_loaded_once(pytestconfig: pytest.Config) -> None:
    loaded = [getattr(each, "__name__", "") for each in pytestconfig.pluginmanager.get_plugins()]
    assert loaded.count("ganzoo.testing.fixtures") == 1
