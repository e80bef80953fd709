"""A broken plugin causes a one-line error with the component, the place and the exception."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ganzoo.errors import PluginError
from tests.cli.conftest import Done, Ganzoo

PLUGIN = Path(__file__).with_name("broken_components.py")

MEASURED = ("evaluate.every=1", "evaluate.samples=12", "evaluate.real=8")

BROKEN = [
    (
        "augmentation",
        "misspelled-parameters",
        "ContractError",
        "has no method sample_parameters: rename sample_parameter to sample_parameters",
    ),
    (
        "augmentation",
        "misspelled-affine",
        "ContractError",
        "it has no method that changes images: .*rename sample_affin to sample_affine",
    ),
    ("augmentation", "apply-to", "ContractError", "apply_to is 'fake'"),
    ("augmentation", "detached", "ContractError", "have no gradient"),
    ("augmentation", "bytes", "ContractError", r"images are in \[-1, 1\]"),
    (
        "augmentation",
        "cropped",
        "ContractError",
        r"changes the shape .*\(4, 3, 8, 7\), not \(4, 3, 8, 8\)",
    ),
    ("augmentation", "numpy-state", "ContractError", "holds a float64 as probability"),
    ("loss", "divides", "ZeroDivisionError", "integer division or modulo by zero"),
    ("loss", "tensor", "ContractError", "the terms of the phase discriminator are a Tensor"),
    ("loss", "nothing", "ContractError", "the terms of the phase generator are None"),
    ("loss", "unreduced", "ContractError", r"the shape \(4,\), not \(\)"),
    ("loss", "unreached", "ContractError", "have no gradient for the generator"),
    ("loss", "unsure", "ContractError", "independent_scores is None"),
    ("loss", "fails", "TypeError", "unsupported operand"),
    ("loss", "missing", "AttributeError", "no attribute 'Missing'"),
    ("architecture", "tuple", "ContractError", "the factory returned a tuple"),
    ("architecture", "column", "ContractError", r"the shape \(4, 1, 1\), not \(4,\) or \(4, K\)"),
    ("architecture", "multiplies", "RuntimeError", "mat1 and mat2"),
    ("architecture", "undrawn", "AttributeError", "no attribute 'size'"),
    ("architecture", "unsampled", "IndexError", "out of bounds"),
    ("architecture", "plain", "ContractError", "derive it from ganzoo.Generator"),
    ("dataset", "no-label", "ContractError", "item 0 is a ndarray, not a tuple"),
    ("dataset", "float-image", "ContractError", "the image of item 0 is an array of float64"),
    ("dataset", "os-error", "OSError", "No space left on device"),
    ("dataset", "length", "AttributeError", "no attribute 'count'"),
    ("dataset", "bulk", "ContractError", "an array of float64"),
    ("dataset", "fingerprint", "ContractError", "fingerprint is 7"),
    ("dataset", "class-names", "ContractError", "class_names is 'ab'"),
    ("metric", "float-metric", "ContractError", "the metric returned a float"),
    ("metric", "metric", "AttributeError", "'missing'"),
    ("extractor", "features", "ContractError", "torch.float64"),
]


def reported(kind: str, name: str, error: str, reason: str) -> str:
    """The expected line, as a regular expression."""
    lines = PLUGIN.read_text("utf-8").splitlines()
    marked = [n for n, line in enumerate(lines, 1) if line.endswith(f"# at: {name}")]
    place = f"{re.escape(str(PLUGIN))}:{marked[0]}" if marked else "broken_components:Missing"
    whose = rf"{kind} broken-components/{name} \({place}\)"
    return rf"error: {whose}: {error}: .*{reason}.* \(`ganzoo --traceback ...` shows where\)"


@pytest.fixture
def broken_run(ganzoo_command: Ganzoo) -> Callable[[str, str], Done]:
    """``ganzoo train`` with one component of the broken plugin."""

    def run(kind: str, name: str) -> Done:
        chosen = {"dataset": "blossoms", "architecture": "mlp", "loss": "hinge"}
        more: tuple[str, ...] = ()
        if kind in chosen:
            chosen[kind] = name
        elif kind == "augmentation":
            more = ("--augment", name)
        elif kind == "metric":
            more = (*MEASURED, f"evaluate.metrics={name}", "extractor=random")
        else:
            more = (*MEASURED, "evaluate.metrics=fd", f"extractor={name}")
        if kind != "dataset":
            more += ("dataset.count=16",)
        if kind != "architecture":
            more += ("architecture.width=4", "architecture.latent_dim=4")
        return ganzoo_command(
            *("train", *chosen.values(), "--plugin", PLUGIN, "--run-dir", "run", "--device", "cpu"),
            *("--resolution", 8, "--steps", 4, "--batch-size", 8, "sample.count=4", *more),
        )

    return run


@pytest.mark.parametrize(("kind", "name", "error", "reason"), BROKEN, ids=[b[1] for b in BROKEN])
def test_a_broken_component_is_named_before_the_run_has_a_folder(
    kind: str, name: str, error: str, reason: str, broken_run: Callable[[str, str], Done]
) -> None:
    done = broken_run(kind, name)
    line = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert done.status == 1, done
    assert re.fullmatch(reported(kind, name, error, reason), line[-1]), line
    assert "Traceback" not in done.err
    assert not Path("run").exists()


def test_a_value_error_of_a_factory_is_shown_as_it_is(
    broken_run: Callable[[str, str], Done],
) -> None:
    done = broken_run("loss", "refuses")
    assert done.error == "error: loss refuses: there is no such formula"
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("kind", "name", "error", "reason"),
    [
        ("loss", "late", "RuntimeError", "the third call"),
        ("dataset", "chunks", "KeyError", "'rows'"),
        (
            "loss",
            "late-shape",
            "ContractError",
            r"the term loss of the phase generator.* \(2,\), not",
        ),
    ],
)
def test_a_plugin_error_during_training_is_one_line(
    kind: str, name: str, error: str, reason: str, broken_run: Callable[[str, str], Done]
) -> None:
    done = broken_run(kind, name)
    (line,) = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert done.status == 1
    assert re.fullmatch(reported(kind, name, error, reason), line)
    assert Path("run").exists()


def test_a_metric_that_fails_during_training_is_a_warning(
    broken_run: Callable[[str, str], Done],
) -> None:
    done = broken_run("metric", "late-metric")
    (line,) = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert done.status == 0
    assert "late-metric skipped: the metric late-metric: IndexError: twelve (shown once)" in line


def test_a_state_that_cannot_be_loaded_does_not_blame_the_networks(
    broken_run: Callable[[str, str], Done], ganzoo_command: Ganzoo
) -> None:
    assert broken_run("loss", "unloadable").status == 0
    done = ganzoo_command("resume", "run", "--steps", 6)
    assert done.status == 1
    (line,) = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert re.fullmatch(reported("loss", "unloadable", "KeyError", "'scale'"), line)


@pytest.mark.parametrize("command", [("inspect",), ("pack", "--out", "images.npz")])
def test_data_commands_name_a_broken_dataset(
    command: tuple[str, ...], ganzoo_command: Ganzoo
) -> None:
    done = ganzoo_command("data", *command, "no-label", "--plugin", PLUGIN)
    assert done.status == 1
    (line,) = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert re.fullmatch(
        reported("dataset", "no-label", "ContractError", "item 0 is a ndarray"), line
    )


def test_traceback_shows_the_original_exception(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    words = ("blossoms", "mlp", "fails", "--plugin", PLUGIN, "--device", "cpu")
    with pytest.raises(PluginError) as raised:
        ganzoo_command("--traceback", "train", *words)
    assert isinstance(raised.value.__cause__, TypeError)
