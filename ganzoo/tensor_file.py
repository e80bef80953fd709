"""Files of named tensors and named texts, in the format safetensors: reading one runs no code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import save
from torch import Tensor

from ganzoo import overwriting
from ganzoo.errors import RequestError
from ganzoo.folders import write_atomically

SUFFIX = ".safetensors"


def check_free(path: Path, *, force: bool = False, option: str = "--out") -> None:
    """Check that such a file can be written here.

    Raises RequestError for another file extension, or if ``overwriting.check_free`` does.
    """
    if path.suffix.lower() != SUFFIX:
        raise RequestError(f"{path}: choose a name that ends in {SUFFIX} for {option}")
    overwriting.check_free(path, force=force, option=option)


def write(path: Path, tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> None:
    """Write a file atomically; ``texts["kind"]`` says what it is.

    Raises OSError if it cannot be written.
    """
    assert "kind" in texts
    # Tensors of a file share no memory.
    plain = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not save_file, which makes a file that only its owner may read.
    write_atomically(path, save(plain, dict(texts)))


def read(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the texts of a file of this kind.

    Raises RequestError if there is no such file, or if it is of another kind or damaged.
    """
    with _opened(path, kind) as (file, texts):
        return {name: file.get_tensor(name) for name in file.keys()}, texts  # noqa: SIM118


def read_texts(path: Path, kind: str) -> dict[str, str]:
    """The texts of a file of this kind, without its tensors.

    Raises RequestError as ``read``.
    """
    with _opened(path, kind) as (_, texts):
        return texts


@contextmanager
def parsing(path: Path) -> Iterator[None]:
    """Raise RequestError if a part of the file's content is missing or wrong."""
    try:
        yield
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        missing = f"it has no {error}" if isinstance(error, KeyError) else error
        raise RequestError(f"{path} is damaged: {missing}; write it again") from error


@contextmanager
def _opened(path: Path, kind: str) -> Iterator[tuple[Any, dict[str, str]]]:
    if not path.is_file():
        raise RequestError(f"there is no file {path}")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            texts = dict(file.metadata() or {})
            if texts.get("kind") != kind:
                found = texts.get("kind", "a safetensors file of another program")
                raise RequestError(f"{path} is {found}, not {kind}")
            yield file, texts
    except (safetensors.SafetensorError, OSError) as error:
        raise RequestError(f"{path} is damaged or no safetensors file: {error}") from error
