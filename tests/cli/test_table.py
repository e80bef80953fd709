from __future__ import annotations

import io
import sys

import pytest

from ganzoo.cli.table import print_table, table, wrapped


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert list(table([("run", "state"), ("1", "finished"), ("1000", "")])) == [
        "run   state",
        "1     finished",
        "1000",
    ]


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_a_table_is_plain_in_a_pipe_and_has_lines_in_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("part", "ms"), ("data [1]", "0.7"), ("generator", "470")]
    print_table(rows)
    assert capsys.readouterr().out == "part       ms\ndata [1]   0.7\ngenerator  470\n"
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    print_table(rows)
    lines = terminal.getvalue().splitlines()
    assert [line.split() for line in lines if "data" in line] == [["data", "[1]", "0.7"]]
    (data,) = (line for line in lines if "data" in line)
    (generator,) = (line for line in lines if "generator" in line)
    assert data.index("0.7") + 3 == generator.index("470") + 3
    assert any(set(line.strip()) == {"─"} for line in lines)


def test_a_long_line_is_wrapped_in_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    line = "  hinge    Hinge loss: the scores have a margin of 1.  [adversarial]"
    assert wrapped(line, 11) == line
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert wrapped(line, 11).splitlines() == [
        "  hinge    Hinge loss: the",
        "           scores have a",
        "           margin of 1.",
        "           [adversarial]",
    ]
