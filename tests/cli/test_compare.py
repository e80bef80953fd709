from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ganzoo

SCORE = {"baseline": 0.1, "baseline_images": 50, "goal": "low", "by_features": False}


def write(folder: Path, loss: str = "a/hinge", **more: Any) -> None:
    """A run folder, evaluated at two steps if there are ``values``."""
    folder.mkdir(parents=True)
    (folder / "run.toml").write_text(f'loss.name = "{loss}"\nseed = 0\n')
    report = {"step": 4, "images_seen": 32, "loss/generator": 1.5, "speed/images_per_second": 8}
    (folder / "metrics.jsonl").write_text(json.dumps(report))
    samples = more.get("samples", 100)
    lines = [
        {
            **{"step": step, "images_seen": 8 * step, "samples": samples, "real": 100},
            **{"image_shape": [3, 8, 8], "images": "p", "extractor": "e", "features": "f"},
            **{"seed": 0, "seconds": 0.1},
            "scores": {"kid": {"value": value, "images": samples, **SCORE}},
        }
        for step, value in zip((2, 4), more.get("values", ()), strict=False)
    ]
    (folder / "evaluations.jsonl").write_text("\n".join(map(json.dumps, lines)))


def rows(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def names(text: str) -> list[str]:
    return [row.partition(" ")[0] for row in rows(text)]


def test_runs_are_shown_side_by_side(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    write(tmp_path / "runs" / "one", values=(0.2, 0.3))
    write(tmp_path / "runs" / "other", values=(0.5, 0.4))
    done = ganzoo_command("compare", "runs/one", "runs/other")
    assert (done.status, done.err) == (0, "")
    assert rows(done.out) == [
        "run steps done images seen images/s loss/generator kid best kid last",
        "one 4 32 8 1.5 0.2 @2 0.3 @4",
        "other 4 32 8 1.5 0.4 @4 0.4 @4",
        "better lower lower",
        "baseline 0.1 0.1",
    ]


def test_numbers_that_cannot_be_compared_are_marked(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    write(tmp_path / "one", values=(0.2,))
    write(tmp_path / "two", "b/wgan", values=(0.1,), samples=7)
    write(tmp_path / "three", values=())
    done = ganzoo_command("compare", "one", "two", "three")
    table, legend, hint = done.out.split("\n\n")
    assert rows(table)[2] == "two wgan 4 32 8 1.5 a 0.1 @2 b"
    assert rows(table)[3] == "three hinge 4 32 8 1.5 -"
    assert legend.splitlines()[1:] == [
        "a  the loss b/wgan, not a/hinge",
        "b  7 generated images, not 100",
    ]
    assert hint == "not evaluated yet: ganzoo evaluate three\n"


def test_sort_puts_the_best_run_first(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    write(tmp_path / "one", values=(0.3,))
    write(tmp_path / "two", values=(0.1,))
    done = ganzoo_command("compare", "one", "two", "--sort", "kid")
    assert names(done.out) == ["run", "two", "one", "better", "baseline"]
    error = ganzoo_command("compare", "one", "two", "--sort", "kit").error
    assert error == "error: no run was evaluated with the metric kit; did you mean kid?"


def test_json_and_csv_have_all_results(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    write(tmp_path / "one", values=(0.3, 0.2))
    write(tmp_path / "two", "b/wgan")
    done = ganzoo_command("compare", "one", "two", "--json", "--csv", "runs.csv")
    one, two = json.loads(done.out)
    assert one["metrics"]["kid"]["best"]["score"]["value"] == 0.2
    assert (two["settings"], two["metrics"]) == ({"loss": "b/wgan"}, {})
    with (tmp_path / "runs.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["metric/kid best"], first["metric/kid best step"]) == ("0.2", "4")
    assert (second["loss"], second["metric/kid best"]) == ("b/wgan", "")


def test_all_also_shows_options_of_components_that_only_some_runs_use(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    for name, loss, growth in (("one", "hinge", ""), ("two", "wgan", "[growth]\nstart = 4")):
        write(tmp_path / name)
        settings = (
            f'train.lr = {len(growth)}\n[loss]\nname = "a/{loss}"\nweight-of-{loss} = 1\n'
            f'[augment.{loss}]\nname = "a/{loss}"\np = 0.5\n{growth}\n'
            f"[metrics.kid]\nsubsets = {len(growth)}\n"
        )
        (tmp_path / name / "run.toml").write_text(settings)
    shown = ganzoo_command("compare", "one", "two").out
    assert rows(shown)[0].startswith("run lr loss hinge wgan steps done")
    assert "\n5 more settings differ as a consequence of these: --all shows them" in shown
    everything = ganzoo_command("compare", "one", "two", "--all").out
    for name in ("weight-of-hinge", "weight-of-wgan", "hinge.p", "wgan.p", "start"):
        assert name in everything
        assert name not in shown
    assert "--all" not in everything
    reported = json.loads(ganzoo_command("compare", "one", "two", "--json").out)
    assert len(reported[0]["settings"]) == 9


def test_a_csv_file_is_overwritten_only_with_force(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    write(tmp_path / "one", values=(0.3, 0.2))
    (tmp_path / "runs.csv").write_text("mine")
    refused = ganzoo_command("compare", "one", "--csv", "runs.csv")
    assert "runs.csv exists already" in refused.error
    assert "--force" in refused.error
    assert (tmp_path / "runs.csv").read_text() == "mine"
    assert ganzoo_command("compare", "one", "--csv", "runs.csv", "--force").status == 0
    assert (tmp_path / "runs.csv").read_text().startswith("run,")
    before = (tmp_path / "one" / "run.toml").read_bytes()
    refused = ganzoo_command("compare", "one", "--csv", "one/run.toml", "--force")
    assert "belongs to the run" in refused.error
    assert (tmp_path / "one" / "run.toml").read_bytes() == before


def test_a_sweep_stands_for_its_runs(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    trials: list[dict[str, Any]] = [
        {"name": name, "differs": {}, "settings": {}} for name in ("1-a", "2-b", "3-c")
    ]
    write(tmp_path / "sweep" / "1-a")
    write(tmp_path / "sweep" / "2-b")
    (tmp_path / "sweep" / "sweep.json").write_text(json.dumps({"trials": trials}))
    done = ganzoo_command("compare", "sweep", "sweep/1-a")
    assert names(done.out)[:3] == ["run", "1-a", "2-b"]
    assert done.err == "sweep: 1 of 3 runs have not begun\n"
    shutil.rmtree(tmp_path / "sweep" / "1-a")
    shutil.rmtree(tmp_path / "sweep" / "2-b")
    assert "no run to compare" in ganzoo_command("compare", "sweep").err


def test_runs_with_the_same_name_are_shown_with_their_folder(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    write(tmp_path / "a" / "run")
    write(tmp_path / "b" / "run")
    done = ganzoo_command("compare", "a/run", "b/run", "b/../b/run")
    assert names(done.out)[:3] == ["run", "a/run", "b/run"]


@pytest.mark.parametrize(("width", "tables"), [(200, 1), (60, 1), (34, 2), (5, 4)])
def test_a_narrow_terminal_gets_runs_as_columns(
    ganzoo_command: Ganzoo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    tables: int,
) -> None:
    write(tmp_path / "one", values=(0.2, 0.3))
    write(tmp_path / "two", values=(0.5, 0.4))
    monkeypatch.setenv("COLUMNS", str(width))
    shown = ganzoo_command("compare", "one", "two").out.rstrip().split("\n\n")
    assert len(shown) == tables
    first = shown[0].splitlines()
    assert len(first) == (5 if width == 200 else 7)
    assert width == 5 or max(map(len, first)) <= width


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["nowhere"], "there is no run folder nowhere; a run prints its folder when it ends"),
        (["."], ". is not a run folder: it has no run.toml; name a run in it, such as one"),
        (["one", "--csv", "no/where.csv"], "cannot write no/where.csv: No such file or directory"),
    ],
)
def test_compare_errors_are_one_line(
    ganzoo_command: Ganzoo, tmp_path: Path, arguments: list[str], reported: str
) -> None:
    write(tmp_path / "one")
    assert ganzoo_command("compare", *arguments).error == f"error: {reported}"
