"""The functions of ganzoo for Python programs."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ganzoo
from ganzoo import RequestError
from tests.program_objects import MyLoss, lines, same_weights

Arguments = Callable[..., dict[str, Any]]


# --- public names ------------------------------------------------------------------------------


def test_the_import_loads_no_torch_and_lists_the_public_names() -> None:
    code = "import ganzoo, sys; dir(ganzoo); ganzoo.RequestError; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert set(dir(ganzoo)) == {*ganzoo.__all__, "__version__"}
    for name in ganzoo.__all__:
        assert getattr(ganzoo, name) is not None


def test_functions_are_not_hidden_by_modules_of_the_same_name() -> None:
    import ganzoo.comparison
    import ganzoo.sweeps.sweep

    for name in ("train", "resume", "load", "sweep", "evaluate", "compare", "report"):
        assert callable(getattr(ganzoo, name))


def test_the_repr_of_an_object_is_short(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(augment="flip"))
    assert repr(run).endswith("run', blossoms-dcgan-non-saturating, step 3)")
    assert repr(run.run) == str(run.run) == "Run('blossoms-dcgan-non-saturating', seed=0)"
    expected = (
        "ConfiguredComponent('classic-augment/flip', apply_to='real', probability=0.5, "
        "vertical=0.0)"
    )
    assert repr(run.run.augment["flip"]) == expected
    assert repr(run.run.loss.entry.component) == "LossSpec('non-saturating')"
    assert repr(run.run.architecture.entry.component) == "ArchitectureSpec('dcgan')"
    from ganzoo.registry import Registry

    assert repr(Registry()) == "Registry(0 plugins, 0 components)"


# --- training -----------------------------------------------------------------------------------


def test_arguments_override_a_recipe(tiny: Arguments) -> None:
    kwargs = tiny(architecture="mlp", loss="hinge", recipe="custom-images")
    kwargs["settings"] |= {"architecture": kwargs.pop("architecture")}
    run = ganzoo.train(**kwargs)
    assert run.run.title == "blossoms-mlp-hinge"
    assert run.step == 3


def test_missing_and_unknown_names_are_named_in_the_error() -> None:
    with pytest.raises(RequestError, match="which architecture"):
        ganzoo.train("blossoms")
    with pytest.raises(RequestError, match="there is no recipe called custom; did you mean"):
        ganzoo.train(recipe="custom")
    with pytest.raises(RequestError, match="there is no argument folder"):
        ganzoo.train("blossoms", "mlp", "hinge", folder="here")


@pytest.mark.parametrize("file", ["mine.toml", Path("mine.toml"), Path("custom-images")])
def test_a_file_is_no_recipe(file: Any) -> None:
    with pytest.raises(RequestError, match=f'{file} is a file, .* in Python as settings="{file}"'):
        ganzoo.train(recipe=file)


def test_settings_may_be_a_file_and_arguments_override_it(tiny: Arguments, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('loss = "wgan-gp"\nseed = 5\n[dataset]\nname="blossoms"\ncount = 24\n')
    kwargs = tiny(architecture="mlp", steps=1)
    run = ganzoo.train(**kwargs | {"settings": file, "dataset": None})
    assert run.run.seed == 5
    assert run.run.title == "blossoms-mlp-non-saturating"
    assert run.run.dataset.options.model_dump()["count"] == 24


def test_quiet_prints_nothing(tiny: Arguments, capfd: pytest.CaptureFixture[str]) -> None:
    run = ganzoo.train(**tiny(settings={"log.every": 1}))
    ganzoo.resume(run, steps=4, quiet=True)
    ganzoo.evaluate(run, metrics="moments", samples=8, quiet=True)
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_on_report_is_called_for_every_report(tiny: Arguments) -> None:
    reports: list[tuple[int, Mapping[str, float]]] = []
    more: dict[str, Any] = {"log.every": 1, "evaluate.every": 2, "evaluate.samples": 8}
    more["evaluate.metrics"] = ["moments"]
    run = ganzoo.train(**tiny(settings=more), on_report=lambda step, x: reports.append((step, x)))
    assert [{"step": step, **numbers} for step, numbers in reports] == run.history
    ganzoo.resume(run, steps=4, quiet=True, on_report=lambda step, x: reports.append((step, x)))
    assert reports[-1][0] == 4
    assert any("metric/moments/mean" in numbers for _, numbers in reports)


def test_an_interruption_saves_and_returns_the_run(tiny: Arguments) -> None:
    def interrupt(step: int, numbers: Mapping[str, float]) -> None:
        if step == 2:
            signal.raise_signal(signal.SIGINT)

    run = ganzoo.train(**tiny(settings={"log.every": 1}), on_report=interrupt)
    assert run.step == 2
    uninterrupted = ganzoo.train(**tiny("uninterrupted", settings={"log.every": 1}))
    assert same_weights(ganzoo.resume(run, quiet=True), uninterrupted)


def test_an_interruption_before_the_first_step_leaves_no_folder(
    tiny: Arguments, tmp_path: Path
) -> None:
    def interrupted(options: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError

    with pytest.raises(KeyboardInterrupt, match="before the first step"):
        ganzoo.train(**tiny(loss=interrupted))
    assert not (tmp_path / "run").exists()


# --- a trained run ------------------------------------------------------------------------------


def test_history_becomes_a_table_and_evaluations_are_listed(tiny: Arguments) -> None:
    pandas = pytest.importorskip("pandas")
    run = ganzoo.train(**tiny(settings={"log.every": 1}))
    assert run.evaluations == []
    found = ganzoo.evaluate(run, metrics=["moments"], samples=8, quiet=True)
    assert run.evaluations == [found]
    assert list(found.scores) == list(run.evaluations[0].scores)
    table = pandas.DataFrame(run.history)
    assert list(table["step"]) == [1, 2, 3]
    assert "loss/generator" in table


def test_evaluate_uses_the_loaded_checkpoint(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(settings={"checkpoint.every": 1}))
    early = ganzoo.load(run.folder, 2)
    kwargs: dict[str, Any] = {"metrics": "moments", "samples": 8, "quiet": True}
    assert ganzoo.evaluate(early, **kwargs).step == 2
    assert ganzoo.evaluate(run.folder, **kwargs).step == 3
    assert ganzoo.evaluate(early, **kwargs, checkpoint=3).step == 3


def test_the_networks_can_be_exported(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(architecture="mlp"))
    latents = run.latents(2, seed=4)
    images = run.generator(latents)
    assert not run.generator.training
    assert not run.discriminator.training
    exported = torch.export.export(run.generator, (latents,)).module()
    assert torch.allclose(exported(latents), images)
    assert run.discriminator(images).shape == (2,)
    from ganzoo import imaging

    assert torch.equal(imaging.to_uint8(images), run.generate(2, seed=4))


def test_a_grid_shows_the_images_of_generate(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny())
    grid = run.grid(count=4, seed=3)
    assert (grid.size, grid.mode) == ((2 + 2 * 10, 2 + 2 * 10), "RGB")
    first = torch.from_numpy(np.array(grid)[2:10, 2:10]).permute(2, 0, 1)
    assert torch.equal(first, run.generate(4, seed=3)[0])
    assert run.grid(count=4, scale=2).size == (2 + 2 * 18, 2 + 2 * 18)
    html = run._repr_html_()
    assert "data:image/png;base64," in html
    assert "step 3" in html


# --- several runs --------------------------------------------------------------------------------


def swept(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a run, changed to those of a sweep."""
    return {"sweep_dir": arguments.pop("run_dir"), **arguments}


def test_a_sweep_trains_every_combination(tiny: Arguments, tmp_path: Path) -> None:
    kwargs = swept(tiny("sweep", "mlp", steps=1, seed=[0, 1]))
    done = ganzoo.sweep(**kwargs | {"loss": ["hinge", MyLoss()]})
    assert repr(done) == f"Sweep({str(tmp_path / 'sweep')!r}, 4 runs)"
    results = done.results()
    assert {result.state for result in results} == {"finished"}
    assert [tuple(result.differs.values()) for result in results] == [
        *(("hinge", "0"), ("hinge", "1"), ("my-loss", "0"), ("my-loss", "1")),
    ]
    compared = ganzoo.compare(done)
    assert [run.settings["seed"] for run in compared] == [0, 1, 0, 1]
    assert len(ganzoo.compare([done, results[0].folder])) == 4
    with pytest.raises(RequestError, match="exists already"):
        ganzoo.sweep(**kwargs)


def test_a_tuple_is_one_value_of_a_sweep(tiny: Arguments) -> None:
    betas = {"train.generator.betas": [(0.0, 0.9), (0.5, 0.999)]}
    done = ganzoo.sweep(**swept(tiny("sweep", "mlp", steps=1, settings=betas)))
    assert [result.state for result in done.results()] == ["finished", "finished"]


def test_a_wrong_combination_is_refused_before_anything_is_written(
    tiny: Arguments, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match="there is no loss called hing"):
        ganzoo.sweep(**swept(tiny("sweep", "mlp", loss=["hinge", "hing"])))
    assert not (tmp_path / "sweep").exists()


def test_a_search_tries_ranges_and_lists(tiny: Arguments, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    settings = {"train.generator.lr": "1e-4..1e-2", "extractor": "random", "evaluate.samples": 8}
    kwargs = swept(tiny("sweep", "mlp", steps=1, loss=["hinge", "lsgan"], settings=settings))
    done = ganzoo.sweep(**kwargs, search="random", trials=2)
    results = done.results()
    assert [result.state for result in results] == ["finished", "finished"]
    assert all(result.best is not None for result in results)
    assert set(results[0].differs) == {"loss", "train.generator.lr"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"workers": 2}, "loss is a Python object, .* leave out workers=2"),
        ({"search": "tpe", "seed": [0, 1]}, 'loss is a Python object, .* leave out search="tpe"'),
        ({"workers": 0}, "workers=0: write a number from 1 on"),
        ({"search": "tpe", "trials": 0}, "trials=0: write a number from 1 on"),
        ({"trials": 5, "loss": "hinge"}, "trials is the number of runs of a search"),
    ],
)
def test_what_a_sweep_cannot_do_is_refused_before_anything_is_written(
    tiny: Arguments, tmp_path: Path, more: dict[str, Any], message: str
) -> None:
    pytest.importorskip("optuna")
    with pytest.raises(RequestError, match=message):
        ganzoo.sweep(**swept(tiny("sweep", "mlp", loss=MyLoss())) | more)
    assert not (tmp_path / "sweep").exists()


def test_a_report_takes_runs_and_folders(tiny: Arguments, tmp_path: Path) -> None:
    run = ganzoo.train(**tiny(architecture=lines))
    page = ganzoo.report([run], tmp_path / "report.html", dataset=False, quiet=True)
    assert "<html" in page.read_text("utf-8")
    assert "was passed as a Python object" not in page.read_text("utf-8")
    other = ganzoo.report(run.folder, tmp_path / "other.html", dataset=False, quiet=True)
    assert "the architecture lines was passed as a Python object" in other.read_text("utf-8")
    with pytest.raises(RequestError, match="exists already"):
        ganzoo.report(run.folder, page)
    with pytest.raises(RequestError, match="there is no run"):
        ganzoo.compare([])
