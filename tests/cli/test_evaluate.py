from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
import torch

from ganzoo.evaluation.record import EvaluationResult
from tests.cli.conftest import Ganzoo

FAST = ("--extractor", "random", "--samples", 12, "--metric", "fd", "--metric", "moments")


def test_evaluate_prints_and_stores_the_metrics(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run("run", "checkpoint.every=1")
    done = ganzoo_command("evaluate", "run", *FAST)
    assert done.status == 0, done.err
    first, head, *rows = done.out.splitlines()
    assert first.startswith("step 2: 12 generated and 20 real images of 8 x 8, extractor random")
    titles = ["metric", "value", "images", "baseline", "images", "better", "computed from"]
    assert head.split() == " ".join(titles).split()
    assert [row.split()[0] for row in rows][:2] == ["fd", "moments/mean"]
    assert rows[0].split()[-1] == "random"
    assert rows[1].split()[-1] == "pixels"
    (kept,) = EvaluationResult.read(tmp_path / "run" / "evaluations.jsonl")
    assert kept.step == 2


@pytest.mark.filterwarnings("default")
def test_scores_that_cannot_be_saved_are_printed_with_a_warning(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    tiny_run()
    monkeypatch.setattr("ganzoo.output.evaluating.append_line", refuse)
    done = ganzoo_command("evaluate", "run", *FAST)
    assert done.status == 0
    assert "fd" in done.out
    assert "warning: the scores cannot be saved in run/evaluations.jsonl: Permission" in done.err


@pytest.mark.parametrize(("variable", "expected"), [(None, 3), ("5", 5)])
def test_as_many_threads_as_cores_or_as_omp_num_threads_compute(
    variable: str | None,
    expected: int,
    tiny_run: Ganzoo,
    ganzoo_command: Ganzoo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tiny_run()
    monkeypatch.setattr("ganzoo.machine.cores", lambda: 3)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if variable:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    for command in (("evaluate", "run", *FAST), ("generate", "run", "--out", "grid.png")):
        torch.set_num_threads(5)
        assert ganzoo_command(*command).status == 0
        assert torch.get_num_threads() == expected


def test_metrics_of_each_class_are_shown_with_their_numbers_of_images(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo
) -> None:
    tiny_run("run", "data.conditional=true")
    done = ganzoo_command("evaluate", "run", *FAST, "--per-class")
    assert done.status == 0, done.err
    rows = [row.split() for row in done.out.splitlines() if "petals/moments/mean" in row]
    assert sum(int(row[3]) for row in rows) == 12


def test_spaces_after_commas_are_ignored(tiny_run: Ganzoo, ganzoo_command: Ganzoo) -> None:
    measured = ("evaluate.every=1", "evaluate.samples=12", "extractor=random")
    tiny_run("run", "evaluate.metrics=fd, moments", *measured)
    done = ganzoo_command("evaluate", "run", "--metric", "fd, kid", "--json")
    assert set(json.loads(done.out)[0]["scores"]) == {"fd", "kid"}


def test_a_pipe_gets_progress_lines_of_an_evaluation(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo
) -> None:
    tiny_run()
    reported = ganzoo_command("evaluate", "run", *FAST).err.splitlines()
    assert "generated images: 0 of 12" in reported
    assert "features of real images: 20 of 20" in reported


def test_the_extractor_chosen_by_auto_is_printed(tiny_run: Ganzoo, ganzoo_command: Ganzoo) -> None:
    tiny_run()
    command = ("evaluate", "run", "--metric", "moments", "--samples", 4)
    assert "extractor=auto chose the extractor" in ganzoo_command(*command).err
    assert "auto" not in ganzoo_command(*command, "extractor=random").err


def test_a_metric_that_refuses_its_input_is_an_error(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo
) -> None:
    small = ("--resolution", 4, "--steps", 1, "--batch-size", 4, "dataset.count=20")
    done = ganzoo_command("train", "blossoms", "mlp", "hinge", *small, "--run-dir", "run")
    assert done.status == 0, done.err
    refused = ganzoo_command("evaluate", "run", "--metric", "swd", "--extractor", "random")
    assert refused.status == 2
    assert refused.err.splitlines()[-1] == (
        "error: swd compares patches of 7 x 7 pixels, and these images are only 4 x 4"
    )


def test_a_metric_in_a_file_is_computed_for_a_run_that_did_not_use_it(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo
) -> None:
    tiny_run("run")
    file = Path(__file__).parents[2] / "examples" / "one_file" / "brightness.py"
    given = ("--metric", "brightness", "--samples", 12, "--plugin", file)
    done = ganzoo_command("evaluate", "run", *given, "--json")
    (result,) = json.loads(done.out)
    assert list(result["scores"]) == ["brightness"]


def test_all_checkpoints_in_json(tiny_run: Ganzoo, ganzoo_command: Ganzoo) -> None:
    tiny_run("run", "checkpoint.every=1")
    done = ganzoo_command("evaluate", "run", *FAST, "--checkpoint", "all", "--json")
    assert [each["step"] for each in json.loads(done.out)] == [1, 2]


def test_checkpoints_are_loaded_one_after_another(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run("run", "checkpoint.every=1")
    (tmp_path / "run" / "checkpoints" / "step-0000002.pt").write_bytes(b"damaged")
    assert ganzoo_command("evaluate", "run", *FAST, "--checkpoint", "all").status == 2
    saved = EvaluationResult.read(tmp_path / "run" / "evaluations.jsonl")
    assert [each.step for each in saved] == [1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--checkpoint", "7"], "run has no checkpoint 7: there are 2"),
        (["--checkpoint", "best"], "run has no checkpoint best: there are 2; best exists if"),
        (["--metric", "fdd"], "there is no metric called fdd; did you mean fd"),
        (["--extractor", "rnd"], "there is no extractor called rnd"),
        (["metrics.kid.subsetz=3"], "there is no setting metrics.kid.subsetz; did you mean"),
        (["metrics.kidd.subsets=3"], "there is no metric called kidd"),
        (["dataset.seed=5"], "than these, 20 ("),
        (["architecture.base_channels=4"], "the networks do not fit the checkpoint: Error(s) in"),
        (["dataset.seed=5", "data.resolution=16"], "was trained on other images, 20 ("),
    ],
)
def test_evaluate_errors_are_one_line(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, arguments: list[str], message: str
) -> None:
    tiny_run()
    done = ganzoo_command("evaluate", "run", *arguments, "extractor=random")
    assert (done.status, message in done.err.splitlines()[-1]) == (2, True), done.err
