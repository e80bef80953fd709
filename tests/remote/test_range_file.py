from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ganzoo import RangeFile, RemoteOptions, RequestError, open_range_file


def opened(path: Path) -> RangeFile:
    return open_range_file(str(path), RemoteOptions())


def test_ranges_of_many_files_are_read_by_threads_with_few_open(tmp_path: Path) -> None:
    files = []
    for number in range(200):
        (tmp_path / f"{number}").write_bytes(bytes([number]) * 1000)
        files.append(opened(tmp_path / f"{number}"))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda file: file.read(100, 200), files * 3))
    assert found == [bytes([number]) * 100 for number in range(200)] * 3
    handles = (handle.resolve() for handle in Path("/proc/self/fd").glob("*"))
    assert sum(handle.parent == tmp_path for handle in handles) <= 64


def test_a_file_that_is_missing_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"cannot read .*/a\.tar: No such file"):
        opened(tmp_path / "a.tar")
    with pytest.raises(RequestError, match="is not a file"):
        opened(tmp_path)


@pytest.mark.parametrize("replace", [True, False])
def test_a_file_that_changes_or_is_replaced_is_refused(tmp_path: Path, replace: bool) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(b"1" * 100)
    file = opened(path)
    assert file.read(10, 20) == b"1" * 10
    if replace:
        (tmp_path / "b").write_bytes(b"2" * 100)
        (tmp_path / "b").replace(path)
    else:
        path.write_bytes(b"2" * 50)
    with pytest.raises(
        RequestError, match=r"a\.tar has changed while it was read: put the earlier"
    ):
        file.read(10, 20)
    assert opened(path).read(10, 20) == b"2" * 10
