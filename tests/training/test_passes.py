"""Compiled forward passes compute what eager ones do, or are refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import RequestError
from ganzoo.contracts import ImageShape
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training import passes
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.passes import Mode, Passes
from ganzoo.training.stand_ins import stand_ins
from tests.sameness import same

Arguments = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def quick_backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compile to graphs of forward and backward passes, but not to machine code."""
    monkeypatch.setattr(passes, "BACKEND", "aot_eager")
    monkeypatch.setattr(passes, "_cpp_compiler", lambda: "g++")
    yield
    torch.compiler.reset()


@pytest.fixture
def compiled_calls(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Each pass that was compiled."""
    calls: list[object] = []
    original = passes._compiled

    def counted(eager: Any, **options: Any) -> Any:
        compiled = original(eager, **options)

        def call(*arguments: Any) -> Any:
            calls.append(eager)
            return compiled(*arguments)

        return call

    monkeypatch.setattr(passes, "_compiled", counted)
    return calls


def settings(compile_: str, **more: Any) -> dict[str, Any]:
    return {"train.compile": compile_, "train.discriminator.steps": 1, **more}


def state(run: Any) -> dict[str, Any]:
    return dict(Checkpoints(run.folder / "checkpoints", 3).load()["state"])


def test_a_compiled_run_with_a_gradient_penalty_equals_an_eager_one_and_resumes_exactly(
    tiny: Arguments, stopped: Callable[..., Any], compiled_calls: list[object]
) -> None:
    eager = state(ganzoo.train(**tiny("eager", loss="wgan-gp", settings=settings("off"))))
    assert not compiled_calls
    compiled = state(ganzoo.train(**tiny("compiled", loss="wgan-gp", settings=settings("on"))))
    assert len(compiled_calls) == 3 * 4  # each step has 2 passes of each network
    for name in ("networks.generator", "networks.discriminator", "generator_ema"):
        one, other = (each[name]["weights"] for each in (eager, compiled))
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)  # also the same names
    folder = stopped(tiny("resumed", loss="wgan-gp", settings=settings("on")), 2)
    assert same(state(ganzoo.resume(folder, quiet=True)), compiled)


@pytest.mark.parametrize("more", [{}, {"train.accumulate": 2, "train.simultaneous": True}])
def test_pieces_and_simultaneous_updates_with_dropout_and_penalties_may_be_compiled(
    tiny: Arguments, more: dict[str, Any], compiled_calls: list[object]
) -> None:
    more = {"architecture.dropout": 0.2, "regularize.r1.every": 2, **more}
    eager, compiled = (
        state(ganzoo.train(**tiny(each, "mlp", "wgan-gp", settings=settings(each, **more))))
        for each in ("off", "on")
    )
    assert compiled_calls
    for name in ("networks.generator", "networks.discriminator"):
        one, other = (each[name]["weights"] for each in (eager, compiled))
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_second_derivatives_of_compiled_scores_are_refused() -> None:
    networks = stand_ins(ImageShape(3, 8, 8))
    compiled = Passes(networks.generator, networks.discriminator, mode="on")
    images = torch.rand(2, 3, 8, 8).requires_grad_()

    def penalty() -> torch.Tensor:
        scores = compiled.scores(images, None).sigmoid()
        (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
        return gradient.square().sum()

    with compiled.errors():
        penalty().backward()
    with (
        pytest.raises(RequestError, match=r"train\.compile=on: the loss or a regularizer computes"),
        compiled.errors(),
        compiled.first_derivatives_only(),
    ):
        penalty().backward()


def test_networks_that_grow_are_not_compiled(tiny: Arguments) -> None:
    growing = tiny(architecture="growing-mlp", settings={"train.compile": "on"})
    with pytest.raises(RequestError, match=r"train\.compile=on: networks that grow change"):
        ganzoo.train(**growing)
    assert not growing["run_dir"].exists()


def test_without_a_compiler_nothing_is_compiled(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CXX", "")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RequestError, match=r"train\.compile=on: there is no C\+\+ compiler"):
        ganzoo.train(**tiny(settings={"train.compile": "on"}))


@pytest.fixture
def graphs_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow CUDA graphs without a GPU; the passes are compiled, but not recorded."""
    monkeypatch.setattr(passes, "reason_not_to_compile", lambda run, device: "")


def test_cuda_graphs_need_a_gpu(tiny: Arguments) -> None:
    with pytest.raises(
        RequestError, match=r"train\.compile=cuda-graphs: CUDA graphs need a CUDA device; or write"
    ):
        ganzoo.train(**tiny(settings={"train.compile": "cuda-graphs"}))


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("accumulate", 2, "the gradients that train.accumulate adds"),
        ("share_fakes", True, "what train.share_fakes keeps of the generator"),
    ],
)
def test_cuda_graphs_are_refused_where_memory_of_a_graph_is_needed_longer(
    setting: str, value: Any, reason: str
) -> None:
    values = {"compile": "cuda-graphs", setting: value}
    given = ["dataset=blossoms", "architecture=mlp", "loss=hinge"]
    settings = Settings()
    settings.override(given)
    run = Run.resolve(settings).with_train(values, "a test")
    found = passes.reason_not_to_compile(run, torch.device("cuda"))
    assert found == f"a CUDA graph would overwrite {reason}"


@pytest.mark.usefixtures("graphs_on_a_cpu")
def test_a_run_with_cuda_graphs_equals_an_eager_one(tiny: Arguments) -> None:
    more = {"regularize.r1.every": 2}
    eager, graphs = (
        state(ganzoo.train(**tiny(mode, settings=settings(mode, **more))))
        for mode in ("off", "cuda-graphs")
    )
    for name in ("networks.generator", "networks.discriminator"):
        one, other = (each[name]["weights"] for each in (eager, graphs))
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", ["on", "cuda-graphs"])
def test_a_result_of_a_cuda_graph_is_not_overwritten_by_the_next_one(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = []

    def compile_(function: Any, **options: Any) -> Any:
        memory = torch.empty(4)  # a graph writes all its results to the same place
        recorded.append(options["options"]["triton.cudagraphs"])
        return lambda *arguments: memory.copy_(arguments[0])

    monkeypatch.setattr(passes, "BACKEND", "inductor")
    monkeypatch.setattr(torch, "compile", compile_)
    networks = stand_ins(ImageShape(3, 8, 8))
    compiled = Passes(networks.generator, networks.discriminator, mode=mode)
    with compiled.first_derivatives_only():
        first, second = (compiled.scores(torch.full((4,), x), None) for x in (1.0, 2.0))
    assert recorded == [mode == "cuda-graphs"] * len(recorded)
    assert torch.equal(first, second) is (mode == "on")


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        (
            "Error: accessing tensor output of CUDAGraphs that has been overwritten by",
            r"the method uses images or gradients of an earlier update: write train\.compile=on",
        ),
        (
            "Error: accessing gradient tensor output of CUDAGraphs that has been overwritten by",
            r"the method uses images or gradients of an earlier update: write train\.compile=on",
        ),
        (
            "one of the variables needed for gradient computation has been modified by an inplace "
            "operation: [torch.FloatTensor [1]] is at version 3; expected version 2 instead",
            r"a layer changes in each pass what .* before needs: write train\.compile=off",
        ),
    ],
)
def test_what_torch_cannot_compile_is_refused(message: str, refusal: str) -> None:
    networks = stand_ins(ImageShape(3, 8, 8))
    compiled = Passes(networks.generator, networks.discriminator, mode="cuda-graphs")
    with pytest.raises(RequestError, match=refusal), compiled.errors():
        raise RuntimeError(message)
    eager = Passes(networks.generator, networks.discriminator)
    with pytest.raises(RuntimeError, match=r"of CUDAGraphs|inplace"), eager.errors():
        raise RuntimeError(message)


@pytest.mark.gpu
@pytest.mark.parametrize("mode", ["on", "cuda-graphs"])
@pytest.mark.parametrize("loss", ["non-saturating", "wgan-gp"])
def test_a_compiled_run_on_a_gpu_equals_an_eager_one_and_resumes_exactly(
    mode: str, loss: str, tiny: Arguments, stopped: Callable[..., Any], monkeypatch: Any
) -> None:
    monkeypatch.undo()  # the backend of real runs
    gpu = {"loss": loss, "device": "cuda", "steps": 6}
    eager = state(ganzoo.train(**tiny("eager", settings=settings("off"), **gpu)))
    compiled = state(ganzoo.train(**tiny("compiled", settings=settings(mode), **gpu)))
    for name in ("networks.generator", "networks.discriminator"):
        one, other = (each[name]["weights"] for each in (eager, compiled))
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-4)
    folder = stopped(tiny("resumed", settings=settings(mode), **gpu), 3)
    assert same(state(ganzoo.resume(folder, quiet=True)), compiled)
