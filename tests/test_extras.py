"""Without the packages of the extras all else works, and each use of one names its extra."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ganzoo import RequestError, require_package

ROOT = Path(__file__).parents[1]
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))[
    "project"
]["optional-dependencies"]
EACH = [extra for extra in EXTRAS if extra != "all"]

WITHOUT = """
import importlib, io, json, pkgutil, sys, warnings
from pathlib import Path

sys.modules.update(dict.fromkeys(json.loads(sys.argv[1])))  # their imports fail
import ganzoo

for found in pkgutil.walk_packages(ganzoo.__path__, "ganzoo."):
    if found.name != "ganzoo.__main__":
        importlib.import_module(found.name)

from typer.testing import CliRunner
from ganzoo.cli import app
from ganzoo.export import onnx_file, web
from ganzoo.output import animation
from ganzoo.output.report import page
from ganzoo.registry import Registry
from PIL import Image

registry = Registry.discover()
assert not registry.failures, registry.failures
listed = CliRunner().invoke(app, ["list"])
assert listed.exit_code == 0

def build(kind, name, context={}, **options):
    component = registry.find(kind, name).component
    return component.build(component.options(**options), **context)

def command(*words):
    CliRunner().invoke(app, words, standalone_mode=False, catch_exceptions=False)

def heic():
    Path("a.heic").write_bytes(bytes([0, 0, 0, 16]) + b"ftypheic" + bytes(4))
    ganzoo.open_image(Path("a.heic"))

Path("a.h5").touch()
Path("list.txt").write_text("http://example.com/a.png")
nothing = ganzoo.export.program.Program(None, {}, "images")
photo = Image.new("RGB", (8, 8))
observed = ganzoo.ObservedRun(
    folder=ganzoo.RunFolder(Path()), step=0, resumed=False, settings={}
)
uses = {
    "features": [
        lambda: build("extractor", "effnet-lite0"),
        lambda: importlib.import_module("ganzoo_projected.efficientnet").trained_network(),
    ],
    "export": [
        lambda: onnx_file.model_of(nothing),
        lambda: onnx_file.checked_difference(nothing, b""),
        lambda: web.write(None, None, Path("a.html")),
    ],
    "fetch": [lambda: command("data", "fetch", "list.txt", "--out", "out")],
    "hdf5": [
        lambda: build("dataset", "hdf5", path=Path("a.h5")),
        lambda: command("data", "pack", "blossoms", "--out", "b.h5"),
    ],
    "heic": [heic],
    "hub": [
        lambda: command("push", "run", "hf://me/flowers"),
        lambda: command("pull", "hf://me/flowers", "--out", "out"),
    ],
    "huggingface": [lambda: build("dataset", "huggingface", path=Path("a.parquet"))],
    "remote": [
        lambda: build("dataset", "shards", path="s3://bucket/shards"),
        lambda: build("dataset", "webdataset", path="s3://bucket/a.tar"),
    ],
    "report": [lambda: page.write([], Path("a.html"), ganzoo.Observer())],
    "search": [
        lambda: command("sweep", "blossoms", "mlp", "hinge", "--search=tpe", "seed=0..9"),
    ],
    "torchvision": [lambda: build("dataset", "torchvision", collection="CIFAR10", path=Path())],
    "trackio": [lambda: build("observer", "trackio", {"run": observed})],
    "video": [lambda: animation.write([photo], Path("a.gif"), 5)],
    "wandb": [lambda: build("observer", "wandb", {"run": observed})],
}
errors = {}
for extra, attempts in uses.items():
    for attempt in attempts:
        try:
            attempt()
        except ganzoo.RequestError as error:
            errors.setdefault(extra, []).append(str(error))
print(json.dumps(errors))
"""


def modules(extra: str) -> list[str]:
    """The modules of an extra's packages, which have the names of their distributions."""
    return [re.split(r"[=>]=", package)[0].replace("-", "_") for package in EXTRAS[extra]]


def test_all_contains_every_extra() -> None:
    (found,) = EXTRAS["all"]
    assert found == f"ganzoo-toolkit[{','.join(EACH)}]"


def test_without_the_packages_all_else_works_and_each_use_names_the_extra(tmp_path: Path) -> None:
    blocked = json.dumps([name for extra in EACH for name in modules(extra)])
    command = [sys.executable, "-W", "error", "-c", WITHOUT, blocked]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    errors = json.loads(done.stdout.splitlines()[-1])
    assert sorted(errors) == EACH
    for extra, messages in errors.items():
        for message in messages:
            assert "\n" not in message
            assert f': pip install "ganzoo-toolkit[{extra}]"' in message
    assert errors["export"][-1].startswith("the format web needs onnx: ")
    assert not {path.name for path in tmp_path.iterdir()} - {"a.h5", "a.heic", "list.txt"}


def test_every_extra_that_the_code_names_exists() -> None:
    sources = [path for name in ("ganzoo", "plugins") for path in (ROOT / name).rglob("*.py")]
    text = "".join(path.read_text("utf-8") for path in sources)
    assert set(re.findall(r"ganzoo-toolkit\[([\w-]+)\]", text)) <= set(EACH)


def test_the_table_of_extras_is_that_of_the_project() -> None:
    page = (ROOT / "docs" / "installation.md").read_text("utf-8")
    rows = re.findall(r"^\| `\[([\w-]+)\]` \| (.+?) \|", page, re.MULTILINE)
    table = {extra: re.findall(r"`([\w-]+)`", packages) for extra, packages in rows}
    declared = {e: [re.split(r"[=>]=", package)[0] for package in EXTRAS[e]] for e in EACH}
    assert table == declared


def test_a_plugin_names_its_own_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError) as caught:
        require_package("some_charts.bars", "bars", "ganzoo-bars[charts]")
    assert str(caught.value) == 'bars needs some-charts: pip install "ganzoo-bars[charts]"'
    assert require_package("json.decoder", "x", "y").JSONDecodeError


def test_the_error_of_a_package_that_is_broken_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some_broken.py").write_text("import what_it_needs")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="what_it_needs"):
        require_package("some_broken", "bars", "ganzoo-bars[charts]")


def test_a_folder_of_the_same_name_is_not_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some_charts").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RequestError, match="bars needs some-charts: pip install"):
        require_package("some_charts", "bars", "ganzoo-bars[charts]")


def names(*lists: list[str]) -> set[str]:
    return {re.split(r"[<>=!~;\[ ]", each)[0] for requirements in lists for each in requirements}


@pytest.mark.parametrize("package", ["pooch", "requests", "tqdm", "imagehash", "scipy"])
def test_no_second_library_for_one_job_is_required(package: str) -> None:
    project: Any = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert package not in names(project["dependencies"], *EXTRAS.values())
