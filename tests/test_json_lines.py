from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from ganzoo.json_lines import JsonLinesFile, append_line


def steps(path: Path) -> list[int]:
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def line(step: int) -> str:
    return json.dumps({"step": step})


def test_it_is_created_with_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    file = JsonLinesFile(path, 0)
    file.sync()
    assert not path.exists()
    file.write(1, line(1))
    assert steps(path) == [1]
    file.close()


def test_damaged_lines_and_those_of_later_steps_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"step": 10}\n{"step": 30}\n{"step": 20, "lo')
    file = JsonLinesFile(path, 20)
    assert steps(path) == [10]
    file.write(30, line(30))
    file.remove_after(10)
    file.write(20, line(20))
    file.close()
    assert steps(path) == [10, 20]


def test_another_process_may_append_to_an_open_file(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    file = JsonLinesFile(path, 0)
    file.write(1, line(1))
    append_line(path, line(9))
    file.write(2, line(2))
    file.close()
    assert steps(path) == [1, 9, 2]


def test_a_file_of_which_all_lines_are_kept_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    append_line(path, line(1))
    with path.open("ab") as of_another_process:
        file = JsonLinesFile(path, 1)
        of_another_process.write(f"{line(1)}\n".encode())
    file.write(2, line(2))
    file.close()
    assert steps(path) == [1, 1, 2]


def test_a_line_is_appended_after_one_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    append_line(path, line(1))
    append_line(path, line(2))
    assert steps(path) == [1, 2]
    path.write_text('{"step": 1}\n{"st')
    append_line(path, line(3))
    assert path.read_text() == '{"step": 1}\n{"st\n{"step": 3}\n'


def test_lines_that_cannot_be_written_are_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.jsonl"

    def refuse(path: Path, content: str) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr("ganzoo.json_lines.write_atomically", refuse)
        path.write_text("damaged")
        file = JsonLinesFile(path, 0)
        with pytest.raises(OSError, match="full"):
            file.write(1, line(1))
    file.write(2, line(2))
    file.close()
    assert steps(path) == [1, 2]
