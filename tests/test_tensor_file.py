from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from ganzoo import RequestError, tensor_file


def test_tensors_and_texts_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.safetensors"
    both = torch.arange(6.0)
    tensors = {"a": both[:3], "b": both[3:], "same": both[:3], "turned": both.view(2, 3).T}
    tensor_file.write(path, tensors, {"kind": "test", "note": "ä"})
    read, texts = tensor_file.read(path, "test")
    assert texts == tensor_file.read_texts(path, "test") == {"kind": "test", "note": "ä"}
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)


@pytest.mark.skipif(os.name == "nt", reason="modes of files are those of POSIX")
def test_a_file_can_be_read_by_whom_other_new_files_can(tmp_path: Path) -> None:
    path, other = tmp_path / "a.safetensors", tmp_path / "other"
    other.touch()
    tensor_file.write(path, {"a": torch.zeros(9)}, {"kind": "test"})
    assert path.stat().st_mode == other.stat().st_mode


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(RequestError, match="there is no file"):
        tensor_file.read(path, "test")
    tensor_file.write(path, {"a": torch.zeros(9)}, {"kind": "other"})
    with pytest.raises(RequestError, match="is other, not test"):
        tensor_file.read_texts(path, "test")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RequestError, match="is damaged or no safetensors file"):
        tensor_file.read(path, "other")
