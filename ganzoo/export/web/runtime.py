"""ONNX Runtime Web, which runs networks in a browser; the folder ``onnxruntime`` has it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ganzoo.errors import RequestError

VERSION = "1.30.0"
"""The version of the package onnxruntime-web on npm."""
_FOLDER = Path(__file__).parent / "onnxruntime"
_HASHES = {
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm.gz": (
        "9a202915ab712f2ac4504f9fd8c634d244a11e9f9e734361471a1fe6e7f984c0"
    ),
}
"""The SHA-256 of each file, which is one of ``dist/`` of the package; .gz: compressed by gzip."""


def script() -> bytes:
    """The JavaScript module."""
    return _checked("ort.wasm.bundle.min.mjs")


def wasm() -> bytes:
    """The WebAssembly module, compressed by gzip."""
    return _checked("ort-wasm-simd-threaded.wasm.gz")


def license_text() -> str:
    """The license of the package."""
    return (_FOLDER / "LICENSE").read_text("utf-8")


def _checked(name: str) -> bytes:
    file = _FOLDER / name
    content = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != _HASHES[name]:
        raise RequestError(
            f"{file} is missing or damaged: install ganzoo again with `pip install "
            "--force-reinstall --no-deps ganzoo-toolkit`"
        )
    return content
