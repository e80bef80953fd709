"""Write docs/output/: what commands in the documentation print: ``python docs/output.py PAGE ...``.

A page shows the output of a console block by a literalinclude of ``output/NAME.txt`` after it.
The runs are tiny, as in ``tests/test_output.py``, or with ``--full`` as long as the page says.
A page is named without its ending: ``tutorials/own-images``.
"""

from __future__ import annotations

import importlib
import os
import re
import runpy
import shlex
import signal
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from typer.testing import CliRunner

from ganzoo.cli import app
from ganzoo.training.stopping import Stopping

DOCS = Path(__file__).resolve().parent
PAGES = ["quickstart", *(f"tutorials/{path.stem}" for path in sorted(DOCS.glob("tutorials/*.md")))]
"""The pages whose commands are run, in their order."""

EXCERPTS = ["plugins"]
"""The pages of which only the blocks whose output is shown are run."""

FILES = {
    "plugins": {"my_gan.py": "from torch import nn\n\nsteps = 1 / 0\n"},
    "tutorials/a-plugin": {"my_gan.py": (DOCS.parent / "examples/my_gan.py").read_text("utf-8")},
}
"""The files that the reader of a page has: their names and contents."""

BLOCK = re.compile(
    r"^```(console|python)\n(.*?)^```$"
    r"(?:\s*^```\{literalinclude\} (?:\.\./)?output/([\w-]+)\.txt$)?",
    re.MULTILINE | re.DOTALL,
)
TINY = {
    "dcgan": "architecture.base_channels=4 architecture.latent_dim=4",
    "--recipe fast": "dataset.count=24 architecture.channel_base=64 architecture.latent_dim=4 "
    "architecture.mbstd_group_size=4",
    "blossoms": "dataset.count=24",
    "evaluate.every": "evaluate.every=8 evaluate.samples=16",
}
"""Settings that make a run tiny if the word is part of its command."""
OPTIONS = {
    "train": "--steps 8 log.every=2 --resolution 16 --batch-size 4 sample.count=4",
    "sweep": "--steps 8 --resolution 16 --batch-size 4 sample.count=4",
    "evaluate": "--samples 16",
    "neighbors": "--count 2",
}
"""Options that make a command tiny; they override those of the page."""


class Block(NamedTuple):
    """A block of a page."""

    language: str
    text: str
    output: str | None
    """The name of the output that the page shows of it."""


def blocks(page: str) -> list[Block]:
    """The blocks of a page that are run."""
    found = BLOCK.findall((DOCS / f"{page}.md").read_text("utf-8"))
    return [Block(*block) for block in found if block[2] or page not in EXCERPTS]


def outputs(page: str, folder: Path, *, full: bool = False) -> dict[str, str]:
    """What the commands of a page print in an empty folder, by the name of the output."""
    shown: dict[str, str] = {}
    for name, content in FILES.get(page, {}).items():
        (folder / name).write_text(content, "utf-8")
    with (
        chdir(folder),
        patch.dict(os.environ, COLUMNS="160"),
        patch.object(sys, "path", sys.path[:]),
        _without_modules([Path(name).stem for name in FILES.get(page, {})]),
    ):
        for block in blocks(page):
            if block.language == "python":
                file = re.match(r"# (\S+/\S+\.py)\n", block.text)
                assert file, f"{page}: the first line of a block of Python names its file"
                Path(file[1]).write_text(block.text, "utf-8")
                continue
            text = "".join(_output(line, full=full) for line in block.text.splitlines())
            if block.output:
                shown[block.output] = _normalized(text, folder)
    return shown


def _output(line: str, *, full: bool) -> str:
    """What one line of a console block prints."""
    match shlex.split(line, comments=True):
        case ["ganzoo", *arguments]:
            return _ganzoo(arguments + ([] if full else _tiny(arguments)), line)
        case ["pip", "install", "-e", project, *_]:
            _install(Path(project))
        case ["pytest", project]:
            for file in sorted(Path(project).glob("tests/test_*.py")):
                for name, test in runpy.run_path(str(file)).items():
                    if name.startswith("test_"):
                        test()
        case _:
            assert line.startswith('pip install ".['), f"this script cannot run: {line}"
    return ""


def _ganzoo(arguments: list[str], line: str) -> str:
    # The reader's run shows each image often, a tiny one does not.
    often = patch("ganzoo.training.session._OFTEN", 0)
    with often, _interrupted(after=4 if "Ctrl-C" in line else None):
        result = CliRunner().invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    if result.exit_code not in (0, 75):
        raise RuntimeError(f"{line}\n{result.output}")
    count = re.search(r"dataset\.count=(\d+)", line)
    if count:  # the reader's run has as many images as the page says
        return result.output.replace(" 24 images", f" {count[1]} images")
    about_count = r"^(preparing|the discriminator may memorize) 24 images.*\n"
    return re.sub(about_count, "", result.output, flags=re.MULTILINE)


def _install(project: Path) -> None:
    """Make a project appear installed, as pip does in editable mode."""
    metadata = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    folder = project.resolve() / f"{metadata['name'].replace('-', '_')}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Name: {metadata['name']}\nVersion: {metadata['version']}\n")
    lines = [f"{name} = {module}" for name, module in metadata["entry-points"]["ganzoo"].items()]
    (folder / "entry_points.txt").write_text("\n".join(["[ganzoo]", *lines, ""]))
    sys.path.insert(0, str(project.resolve()))
    importlib.invalidate_caches()


@contextmanager
def _without_modules(names: list[str]) -> Iterator[None]:
    """Forget modules, which are also the names of files of a page, before and afterwards."""
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)


@contextmanager
def _interrupted(after: int | None) -> Iterator[None]:
    """Press Ctrl-C after some steps."""
    original, calls = Stopping.__call__, iter(range(10**9))

    def call(self: Stopping) -> bool:
        if next(calls) == after:
            self.handle_signal(signal.SIGINT, None)
        return original(self)

    with patch.object(Stopping, "__call__", call):
        yield


def _tiny(words: list[str]) -> list[str]:
    options = OPTIONS.get(words[0], "")
    if words[0] == "resume" and "--steps" in words:
        options = "--steps 10"
    if words[0] in ("train", "sweep", "data"):
        options += "".join(f" {more}" for part, more in TINY.items() if part in " ".join(words))
    return options.split()


def _normalized(text: str, folder: Path) -> str:
    """The output without colors, with another folder, and few of many lines on progress."""
    text = re.sub(r"\x1b\[[\d;]*m", "", text)
    text = text.replace(str(folder.resolve()), "/home/me").replace(str(folder), "/home/me")
    lines = [line.rstrip() for line in text.splitlines() if not re.search(r": [\d,]+ of \d", line)]
    kept: list[str] = []
    for steps, group in groupby(lines, is_step):
        few = list(group)
        kept += [*few[:2], "...", few[-1]] if steps and len(few) > 4 else few
    return "\n".join(kept).strip("\n") + "\n"


def is_step(line: str) -> bool:
    """Whether a line reports steps of training."""
    return bool(re.match(r"step \d+/\d+ ", line))


def comparable(text: str) -> list[str]:
    """The lines that do not depend on how fast and how long a run trains, without numbers."""
    timeless = re.sub(r"^(\.\.\.|estimated total time: .*)\n", "", text, flags=re.MULTILINE)
    lines = [re.sub(r"-?\d[\d,.:e+-]*", "#", line) for line in timeless.splitlines()]
    lines = [" ".join(re.sub(r"\bfew\b|\bmany\b|[kMG](?=B\b)", "", line).split()) for line in lines]
    return [line for line, before in zip(lines, ["", *lines], strict=False) if line != before]


def main(words: list[str]) -> None:
    """Write the outputs of the named pages, or of all."""
    full = "--full" in words
    for page in [word for word in words if word != "--full"] or [*PAGES, *EXCERPTS]:
        with tempfile.TemporaryDirectory() as name:
            os.environ["GANZOO_CACHE"] = str(Path(name) / "cache")
            folder = Path(name) / page.replace("/", "-")
            folder.mkdir()
            for output, text in outputs(page, folder, full=full).items():
                (DOCS / "output" / f"{output}.txt").write_text(text, "utf-8")
                print(f"docs/output/{output}.txt")


if __name__ == "__main__":
    main(sys.argv[1:])
