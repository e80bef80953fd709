"""What all commands share: exit status, version and fast start."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ganzoo
from ganzoo.cli.commands import COMMANDS, CoreCommand
from ganzoo.plugin_commands import command_of
from ganzoo.registry import Registry
from tests.cli.conftest import Ganzoo

LIGHT_COMMANDS = """
--help
list
info dcgan
plugins
plugins --requirements
install --help
uninstall --help
train --help
sweep --help
animate --help
compare --help
compare run run
data fetch --help
data inspect --help
data pack --help
data cache
new --help
new some-name --kind loss
--version

""".splitlines()[1:]
WITHOUT_TORCH = """
import json, sys
from ganzoo.cli import main
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["ganzoo", *arguments]
    try:
        main()
    except SystemExit as leaving:
        assert not leaving.code, arguments
    heavy = {"torch", "numpy", "PIL", "scipy"} & set(sys.modules)
    assert not heavy, (arguments, heavy)
"""


def test_the_help_imports_little() -> None:
    code = (
        "import sys; sys.argv = ['ganzoo', '--help']\n"
        "from ganzoo.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)\n"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-P", "-c", code]
    for _ in range(2):  # the first one loads the plugins
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found = set(done.stderr.split())
    assert "ganzoo.cli.command_group" in found
    heavy = {"pydantic", "rich", "typer.rich_utils", "pygments", "markdown_it", "numpy", "PIL"}
    heavy |= {"asyncio", "http", "ganzoo.registry", "ganzoo.cli.train", "ganzoo_dcgan"}
    assert not heavy & found
    assert len(found) < 250


def test_light_commands_import_no_torch(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.toml").write_text("seed = 0")
    commands = json.dumps([line.split() for line in LIGHT_COMMANDS])
    command = [sys.executable, "-c", WITHOUT_TORCH, commands]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_version_prints_the_version(ganzoo_command: Ganzoo) -> None:
    assert ganzoo_command("--version").out == f"ganzoo {ganzoo.__version__}\n"


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """All commands that have no subcommands, with their help."""
    if words and not (hasattr(command, "commands") and command.no_args_is_help):
        yield words, command.help or ""
    for name, each in getattr(command, "commands", {}).items():
        yield from leaves(each, (*words, name))


def all_leaves() -> Iterator[tuple[tuple[str, ...], str]]:
    """All commands of the core and of plugins that have no subcommands, with their help."""
    specs: list[Any] = [entry.component for entry in Registry.discover().entries("command")]
    for each in (*COMMANDS, *specs):
        yield from leaves(command_of(each), tuple(each.name.split()))


HELP = dict(all_leaves())


@pytest.mark.parametrize("each", COMMANDS, ids=lambda each: each.name)
def test_a_command_is_listed_with_the_first_sentence_of_its_help(each: CoreCommand) -> None:
    assert command_of(each).help.partition("\n\n")[0].replace("\n", " ") == each.summary


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_the_examples_in_the_help_work(ganzoo_command: Ganzoo, words: tuple[str, ...]) -> None:
    assert "Usage: ganzoo" in ganzoo_command(*words, "--help").out
    text = " ".join(HELP[words].split())
    examples = [shlex.split(found)[1:] for found in re.findall(r"`(ganzoo [^`]+)`", text)]
    assert [one for one in examples if tuple(one[: len(words)]) == words], "there is no example"
    for example in examples:
        assert ganzoo_command(*example, "--help").status == 0, example  # refuses unknown options
        reads = any(word.endswith((".toml", ".py")) for word in example)
        if example[0] in ("list", "info", "plugins") and not reads and not example[-1].isupper():
            assert ganzoo_command(*example).status == 0, example
        if example[0] in ("train", "sweep") and not reads and "=" in example[-1]:
            assert ganzoo_command(*example, "--dry-run").status == 0, example


def test_a_mistyped_command_gets_a_suggestion(ganzoo_command: Ganzoo) -> None:
    assert "train" in ganzoo_command("trian").error


def test_an_unknown_option_suggests_the_key_of_a_setting(ganzoo_command: Ganzoo) -> None:
    error = ganzoo_command("train", "blossoms", "dcgan", "hinge", "--lr", "1e-4").error
    assert "settings are written as KEY=VALUE; did you mean train.generator.lr or" in error
    assert "KEY=VALUE: loss.clip=..." in ganzoo_command("train", "--loss.clip=5").error
    assert "KEY=VALUE" not in ganzoo_command("train", "--xyzzy").error


def test_traceback_raises_the_exception(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_TRACEBACK", "")  # restored after the test
    with pytest.raises(ganzoo.UnknownName):
        ganzoo_command("--traceback", "info", "nothing")


def test_a_closed_pipe_is_not_an_error() -> None:
    command = f"{sys.executable} -m ganzoo list | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "datasets:\n"
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [["list"], ["train", "--help"], ["data", "cache"]])
def test_a_closed_standard_input_is_not_an_error(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "ganzoo", *arguments]
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True, text=True, check=False
    )
    assert (closed.returncode, closed.stderr) == (0, "")
    assert closed.stdout


@pytest.mark.parametrize(
    ("redirection", "status"), [(">&-", 0), ("2>/dev/full", 2), ("2>&-", 2), (">/dev/full", 1)]
)
def test_an_output_that_is_closed_or_full_changes_only_what_is_printed(
    redirection: str, status: int
) -> None:
    arguments = ["list"] if redirection.startswith(">") else ["info", "nothing"]
    command = [sys.executable, "-m", "ganzoo", *arguments]
    shell = ["sh", "-c", f'exec "$@" {redirection}', "sh", *command]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert "Traceback" not in done.stderr


def test_closed_streams_keep_their_numbers_and_their_text() -> None:
    command = f"{sys.executable} -m ganzoo train blossoms dcgan hinge --dry-run"
    printed = [
        subprocess.run(["sh", "-c", f"{command} {to}"], capture_output=True, text=True, check=True)
        for to in ("2>/dev/null", "2>&-")
    ]
    assert printed[0].stdout == printed[1].stdout
    code = (
        "import os; from ganzoo.cli.output_encoding import open_closed_streams\n"
        "open_closed_streams(); os._exit(os.open(os.devnull, os.O_RDONLY))"
    )
    script = f"exec {sys.executable} -c '{code}' <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", script], check=False).returncode > 2


def test_a_pipe_closed_early_ends_with_status_0() -> None:
    script = f"{sys.executable} -u -m ganzoo info dcgan | head -c 1; exit $PIPESTATUS"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "arguments", [["list"], ["list", "--json"], ["info", "fd"], ["train", "--help"], ["info", "ß—"]]
)
def test_text_that_the_output_cannot_encode_is_escaped(encoding: str, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "ganzoo", *arguments]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "PYTHONIO"))}
    environment |= ENCODINGS[encoding]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert b"UnicodeEncodeError" not in done.stderr
    assert done.returncode == (2 if "ß—" in arguments else 0), done.stderr


def test_a_path_that_is_not_valid_text_is_printed_as_its_bytes() -> None:
    code = (
        "from ganzoo.cli.output_encoding import escape_unencodable_text\n"
        "escape_unencodable_text(); print('caf\\udce9 \\u2014 \\xe9')"
    )
    command = [sys.executable, "-c", code]
    for encoding, expected in (
        ("utf-8", b"caf\xe9 \xe2\x80\x94 \xc3\xa9\n"),
        ("ascii", b"caf\xe9 \\u2014 \\xe9\n"),
    ):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        assert done.stdout == expected
