"""The notebook of the examples runs, here and, with ``nox -s notebook``, in a kernel of Jupyter."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[1] / "examples" / "ganzoo.ipynb"
SMALL = """
STEPS = {steps}
FOLDER = {folder!r}
SETTINGS = {{
    "dataset.count": 24,
    "data.resolution": 16,
    "architecture.base_channels": 4,
    "train.batch_size": 8,
    "sample.count": 4,
}}
"""


def small_notebook(folder: Path, steps: int) -> dict[str, Any]:
    """The notebook, with settings of a run that takes seconds."""
    notebook: dict[str, Any] = json.loads(NOTEBOOK.read_text("utf-8"))
    (cell,) = [c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", ())]
    cell["source"] = [*cell["source"], SMALL.format(steps=steps, folder=str(folder))]
    return notebook


def run_cells(notebook: dict[str, Any]) -> dict[str, Any]:
    """The names that the notebook defines."""
    names: dict[str, Any] = {"__name__": "notebook"}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{NOTEBOOK.name} {cell['id']}", "exec"), names)
    return names


def test_the_notebook_trains_resumes_and_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    display: Any = ModuleType("IPython.display")
    display.display = lambda image: shown.append(image.load())  # which closes the file
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    first = run_cells(small_notebook(tmp_path, steps=2))
    assert (first["run"].step, first["images"].shape) == (2, (100, 3, 16, 16))
    again = run_cells(small_notebook(tmp_path, steps=4))
    assert again["run"].step == 4
    assert again["run"].folder == first["run"].folder == tmp_path / "flowers"
    assert shown


def test_the_notebook_is_saved_without_output() -> None:
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_the_notebook_runs_in_a_kernel(tmp_path: Path) -> None:
    reason = "`nox -s notebook` installs it"
    client = pytest.importorskip("nbclient", reason=reason)
    nbformat = pytest.importorskip("nbformat", reason=reason)
    notebook = nbformat.reads(json.dumps(small_notebook(tmp_path, steps=2)), as_version=4)
    client.NotebookClient(notebook, timeout=100).execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    assert any("image/png" in out.get("data", {}) for out in outputs)
    assert "2 of 2 steps" in str(outputs)
