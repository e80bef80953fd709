from __future__ import annotations

import re

import pytest

from tests.cli.conftest import Ganzoo


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train blossoms dcgan hinge --gpu", "No such option: --gpu; write --device cuda"),
        ("train --config mine.toml", "; write the path of the settings file, without an option"),
        ("train dcgan --outdir runs", "; write --run-dir FOLDER"),
        ("train blossoms dcgan hinge --image-size 64", "; write --resolution PIXELS"),
        ("sweep blossoms dcgan hinge --kimg 25", "; write train.images=N, where 1 kimg is 1000"),
        ("generate run --gpu", "No such option: --gpu (Possible options: --out)"),
        ("train --nonsense-xyz", "No such option: --nonsense-xyz"),
    ],
)
def test_an_option_of_another_program_is_named_with_that_of_ganzoo(
    ganzoo_command: Ganzoo, words: str, message: str
) -> None:
    done = ganzoo_command(*words.split())
    assert done.status == 2
    assert done.error.endswith(message)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("resume", "Missing argument 'RUN': `ganzoo resume --help` shows what to write"),
        ("info", "Missing argument 'NAME': `ganzoo info --help` shows what to write"),
        ("help", "No such command 'help': `ganzoo --help` lists the commands"),
        ("new my-loss", "Missing option '--kind': `ganzoo new --help` shows what to write"),
    ],
)
def test_what_is_missing_or_unknown_is_named_with_the_help_that_explains_it(
    ganzoo_command: Ganzoo, words: str, message: str
) -> None:
    assert ganzoo_command(*words.split()).error.endswith(message)


def test_a_group_without_a_command_shows_its_help_and_no_empty_error(
    ganzoo_command: Ganzoo,
) -> None:
    done = ganzoo_command("data")
    assert done.status == 2
    assert "inspect" in done.out + done.err
    assert "error" not in done.err


def test_the_help_names_values_and_none_for_flags(ganzoo_command: Ganzoo) -> None:
    shown = ganzoo_command("train", "--help").out
    for value in ("TEXT", "INTEGER", "NUMBER", "FOLDER"):
        assert f" {value} " in shown
    assert not re.search(r"<\w+", shown)
    assert not re.search(r"<\w+", ganzoo_command("data", "--help").out)


@pytest.mark.parametrize(
    "words", ["sweep blossoms mlp hinge", "evaluate run", "generate run --out a.png"]
)
def test_a_command_that_needs_one_process_is_refused_by_torchrun(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    assert ganzoo_command(*words.split()).error == (
        f"error: torchrun started 2 processes, but `ganzoo {words.split()[0]}` needs only one: run "
        "it without torchrun"
    )
