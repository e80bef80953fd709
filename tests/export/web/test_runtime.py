"""The files of ONNX Runtime Web are the ones that were published."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from ganzoo import RequestError
from ganzoo.export.web import runtime


def test_the_script_names_its_version() -> None:
    assert f"ONNX Runtime Web v{runtime.VERSION}".encode() in runtime.script()[:200]


def test_the_module_is_webassembly() -> None:
    assert gzip.decompress(runtime.wasm()).startswith(b"\0asm")


def test_the_license_is_there() -> None:
    assert "MIT License" in runtime.license_text()


def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "onnxruntime"
    shutil.copytree(Path(runtime.__file__).parent / "onnxruntime", folder)
    monkeypatch.setattr(runtime, "_FOLDER", folder)
    with (folder / "ort.wasm.bundle.min.mjs").open("ab") as file:
        file.write(b" ")
    with pytest.raises(RequestError, match="damaged: install ganzoo again"):
        runtime.script()
    runtime.wasm()
    (folder / "ort-wasm-simd-threaded.wasm.gz").unlink()
    with pytest.raises(RequestError, match="missing or damaged"):
        runtime.wasm()
