"""check_plugin finds a package whose import is slow or imports torch."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from ganzoo.testing import imports
from ganzoo.testing.problems import Problems


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package, and a small module in place of torch."""
    (tmp_path / "torch.py").write_text("")
    (tmp_path / "made_gan").mkdir()
    (tmp_path / "made_gan" / "__init__.py").write_text("from . import losses\n")
    (tmp_path / "made_gan" / "losses.py").write_text("# Losses.\nimport torch\n")
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("made_gan")


def problems_of(module: ModuleType) -> list[str]:
    problems = Problems("plugin made_gan")
    imports.check_import(module, problems)
    return problems.lines


def test_a_package_that_imports_torch_or_is_slow_is_found(
    package: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    (problem,) = problems_of(package)
    assert problem.startswith("plugin made_gan: its import also imports torch (losses.py:2): name")
    Path(str(package.__file__)).with_name("losses.py").write_text("")
    assert problems_of(package) == []
    monkeypatch.setattr(imports, "SLOW_IMPORT", 0.0)
    (problem,) = problems_of(package)
    assert problem.startswith("plugin made_gan: its import takes 0.0 s, for which every command")


def test_a_plugin_of_one_file_may_import_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "SLOW_IMPORT", 0.0)
    assert problems_of(ModuleType("one_file")) == []
