from __future__ import annotations

import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

import ganzoo
from ganzoo.cli import app
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.testing import check_plugin
from tests.example_packages import EXAMPLES, PACKAGES, install

SETTINGS = sorted((EXAMPLES / "settings").glob("*.toml"))
FILES = [EXAMPLES / "my_gan.py", *sorted((EXAMPLES / "one_file").glob("*.py"))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_one_file_plugins_pass_the_checks(file: Path) -> None:
    registry = Registry.discover(files=[file])
    assert not registry.failures
    name = file.stem.replace("_", "-")
    assert [entry for entry in registry.entries() if entry.plugin.name == name]
    check_plugin(sys.modules[file.stem])


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_package_is_complete(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = package.name.removeprefix("ganzoo_")
    assert project["name"] == f"ganzoo-{name}"
    assert project["license"] == "MIT"
    assert project["entry-points"]["ganzoo"] == {name: package.name}
    readme = (package / "README.md").read_text(encoding="utf-8")
    for file in [package / project["readme"], *package.glob("ganzoo_*/*.py")]:
        assert file.name in ("README.md", "__init__.py") or file.name in readme
    assert f"pip install examples/{package.name}" in readme
    code = [file.read_text(encoding="utf-8") for file in package.glob("ganzoo_*/*.py")]
    lines = sum(text.count("\n") for text in code)
    page = (EXAMPLES.parent / "docs" / "writing-a-plugin.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\|.*examples/{package.name}\b.*\|$", page, re.MULTILINE)
    assert [row.endswith(f" {lines} |") for row in rows] == [True]


@pytest.mark.timeout(300)
def test_the_packages_pass_their_own_tests(tmp_path: Path) -> None:
    path = os.pathsep.join([*install(tmp_path), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    command += ["--import-mode=importlib", *(str(package / "tests") for package in PACKAGES)]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        command, cwd=EXAMPLES, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert " skipped" not in done.stdout


def test_the_settings_file_is_valid() -> None:
    settings = Settings()
    settings.read(EXAMPLES / "settings.toml")
    run = Run.resolve(settings)
    assert run.title == "blossoms-dcgan-wgan-gp"
    assert list(run.augment) == ["flip", "rotate"]
    assert (run.train.generator.lr, run.train.discriminator.lr) == (1e-4, 2e-4)


def test_the_python_script_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLES / "from_python.py"))
    printed = capsys.readouterr().out
    assert "step 10: generator " in printed
    assert "step 40: generator " in printed
    assert "16 images after 40 steps" in printed


def test_the_observer_and_the_command_of_the_examples_work(
    tiny: Callable[..., dict[str, Any]],
) -> None:
    observer, command = (
        EXAMPLES / "one_file" / f"{name}.py" for name in ("csv_losses", "last_losses")
    )
    settings = {"observe.csv-losses.digits": 2, "log.every": 1, "checkpoint.every": 1}
    run = ganzoo.train(**tiny(plugins=observer, settings=settings))
    for file in (run.folder / "checkpoints").glob("step-0000003.*"):
        file.unlink()  # as if the process had been killed
    ganzoo.resume(run.folder, quiet=True)
    head, *rows = (run.folder / "losses.csv").read_text().splitlines()
    assert head == "step,discriminator,generator"
    assert [row.split(",")[0] for row in rows] == ["1", "2", "3"]
    shown = CliRunner().invoke(app, ["--plugin", str(command), "last-losses", str(run.folder)])
    assert shown.exit_code == 0, shown.output
    step, first, _ = shown.output.splitlines()
    assert (step, first.split()[0]) == ("step 3", "discriminator")
    assert float(first.split()[1]) == pytest.approx(float(rows[-1].split(",")[1]), rel=0.1)


@pytest.fixture
def job(tmp_path: Path) -> Callable[[str], subprocess.Popen[str]]:
    """Start the script for SLURM with a program ``ganzoo`` of these lines of bash."""

    def start(lines: str) -> subprocess.Popen[str]:
        programs = {
            "srun": 'exec "$@"',  # on this machine only
            "ganzoo": f'echo "$1" >> called\necho "$@" > arguments\n{lines}',
            "scontrol": 'echo "$1" >> called\necho "$@" > requeued',
        }
        for name, content in programs.items():
            program = tmp_path / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(f"#!/bin/bash\n{content}\n")
            program.chmod(0o755)
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            ["bash", str(EXAMPLES / "slurm.sbatch")],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "2"},
            text=True,
        )

    return start


def test_the_script_for_slurm_is_valid_bash() -> None:
    subprocess.run(["bash", "-n", str(EXAMPLES / "slurm.sbatch")], check=True)


def test_a_job_that_is_stopped_goes_back_to_the_queue_and_resumes(
    tmp_path: Path, job: Callable[[str], subprocess.Popen[str]]
) -> None:
    ready = tmp_path / "ready"
    stopping = 'trap "kill $!; exit 75" TERM\nsleep 60 &\necho $$ > part\nmv part ready\nwait'
    started = job(stopping)
    deadline = time.monotonic() + 60
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    started.terminate()  # SLURM may send the signal to the script, too
    os.kill(int(ready.read_text()), signal.SIGTERM)
    assert started.wait(60) == 75
    assert "--nodes 2 --devices 4" in (tmp_path / "arguments").read_text()
    assert (tmp_path / "requeued").read_text() == "requeue 7\n"
    (tmp_path / "requeued").unlink()
    (tmp_path / "runs" / "flowers").mkdir(parents=True)
    (tmp_path / "runs" / "flowers" / "run.toml").touch()
    assert job("exit 0").wait(60) == 0
    assert (tmp_path / "called").read_text().split() == ["train", "requeue", "resume"]
    assert not (tmp_path / "requeued").exists()


@pytest.mark.parametrize("file", SETTINGS, ids=lambda file: file.stem)
def test_the_command_in_a_settings_file_is_valid(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (command,) = re.findall(r"^# (ganzoo (?:train|sweep) examples/.+)$", file.read_text(), re.M)
    monkeypatch.chdir(EXAMPLES.parent)
    images = tmp_path / "images" / "red"
    images.mkdir(parents=True)
    Image.new("RGB", (80, 80), "red").save(images / "a.png")
    words = shlex.split(command.replace("dataset.path=images", f"dataset.path={images.parent}"))
    done = CliRunner().invoke(app, [*words[1:], "--dry-run"], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_the_settings_files_are_listed_in_the_documentation() -> None:
    page = (EXAMPLES.parent / "docs" / "training.md").read_text(encoding="utf-8")
    assert set(re.findall(r"examples/settings/([\w-]+)\.toml", page)) == {f.stem for f in SETTINGS}
