"""``ganzoo bench``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo.benchmark.ceiling import Ceiling
from ganzoo.registry import Registry
from tests.cli.conftest import Done, Ganzoo

TINY = (
    *("dataset.count=20", "--resolution", 8, "--batch-size", 4, "--steps", 1, "--device", "cpu"),
)
SMALL = ("architecture.base_channels=2", "architecture.latent_dim=4")


@pytest.fixture(autouse=True)
def _known_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ceiling, "measure", lambda *_: Ceiling(1e12, 2e12, 1e9))


def heads(done: Done) -> list[str]:
    """The first column of all tables."""
    return [line.split("  ")[0] for line in done.out.splitlines()]


def test_tables_show_speed_parts_and_the_machine(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    done = ganzoo_command("bench", "blossoms", "dcgan", "hinge", *TINY, *SMALL, "--operators", 3)
    assert done.status == 0, done
    first, *_ = done.out.splitlines()
    assert first == "dcgan with hinge on blossoms: 8 x 8 pixels, batches of 4 images, 4 in a step"
    for head in ("images/s", "data", "discriminator", "optimizers", "matrix product", "operator"):
        assert head in heads(done)
    assert len(done.out.partition("operator  ")[2].splitlines()) == 4
    assert "timing steps" in done.err
    assert not list(tmp_path.iterdir())


def test_json_has_everything(ganzoo_command: Ganzoo) -> None:
    done = ganzoo_command("bench", "blossoms", "dcgan", "hinge", *TINY, *SMALL, "--json")
    found = json.loads(done.out)
    assert {"median", "low", "high"} == set(found["images_per_second"])
    assert sum(found["shares"].values()) == pytest.approx(1)
    assert set(found["shares"]) == set(found["parts"])
    assert found["ceiling"] == {"matrix_product": 1e12, "convolution": 2e12, "copy": 1e9}
    for name in ("parameters", "operations", "operators", "peak_memory", "notes", "threads"):
        assert name in found


def test_zoo_measures_architectures_and_says_why_one_cannot_be(ganzoo_command: Ganzoo) -> None:
    measured = {"mlp", "dcgan", "progressive"}
    others = [
        word
        for entry in Registry.discover().entries("architecture")
        if entry.component.name not in measured
        for word in ("--disable-plugin", entry.plugin.name)
    ]
    done = ganzoo_command("bench", "--zoo", "blossoms", "wgan", *TINY, *others)
    assert done.status == 0, done
    rows = {line.split()[0]: line.split()[1:] for line in done.out.splitlines()[1:]}
    assert set(rows) == measured
    assert rows["mlp"][0] == "4"
    assert set(rows["progressive"]) == {"-"}
    assert "the loss clips the discriminator's weights" in done.err.partition("progressive: ")[2]


def test_zoo_has_a_row_for_each_installed_architecture(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def measure(*arguments: object) -> str:
        asked.append(arguments[3])  # type: ignore[arg-type]
        return "not now"

    monkeypatch.setattr("ganzoo.cli.bench._measure_architecture", measure)
    done = ganzoo_command("bench", "--zoo", "blossoms", "hinge")
    names = [entry.component.name for entry in Registry.discover().entries("architecture")]
    assert asked == names
    assert done.status == 2
    assert done.err.endswith("error: no architecture can be measured: not now\n")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("blossoms",), "which architecture? Write `ganzoo bench DATASET ARCHITECTURE LOSS`"),
        (("blossoms", "dcgan"), "expected three names"),
        (("--zoo", "blossoms", "dcgan", "hinge"), "expected two names with --zoo"),
        (("blossoms", "dcgan", "hinge", "--resolution", "5"), "5"),
        (("blossoms", "dcgan", "hinge", "train.nodes=2"), "train.nodes=2: one machine is measured"),
        (("blossoms", "dcgan", "hing"), "did you mean hinge"),
        (("blossoms", "dcgan", "hinge", "--device", "cuda:9"), "train.device=cuda"),
        (("blossoms", "dcgan", "hinge", "--seconds", "-1"), "--seconds"),
    ],
)
def test_a_wrong_request_is_refused(
    ganzoo_command: Ganzoo, arguments: tuple[str, ...], error: str
) -> None:
    assert error in ganzoo_command("bench", *arguments).error


def test_two_processes_are_measured_and_one_prints(tmp_path: Path) -> None:
    script = (
        "from ganzoo.benchmark.ceiling import Ceiling\nfrom ganzoo.cli import main\n"
        "Ceiling.measure = lambda *_: Ceiling(1e12, 2e12, 1e9)\nmain()"
    )
    arguments = ("bench", "blossoms", "dcgan", "hinge", *TINY, *SMALL, "--devices", 2, "--json")
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        check=True,
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    found = json.loads(done.stdout)
    assert (found["processes"], found["batch_size"], found["threads"]) == (2, 4, 1)
    assert found["shares"]["synchronization"] > 0
    assert not list(tmp_path.iterdir())
