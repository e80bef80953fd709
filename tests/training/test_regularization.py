"""Regularizers among the phases of a method."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import Phase, RequestError, Step, Terms
from ganzoo.sections import TrainOptions
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.optimizers import lazy_corrections
from ganzoo.training.regularization import regularized

Arguments = Callable[..., dict[str, Any]]


@dataclass
class Constant:
    """A regularizer with one term."""

    every: int = 1
    network: str | tuple[str, ...] = "discriminator"
    independent_scores = False

    def terms(self, step: Step) -> Terms:
        return {"constant": torch.ones(())}


def phase(name: str, **more: Any) -> Phase:
    return Phase(name=name, networks=(name,), terms=lambda step: {"loss": torch.zeros(())}, **more)


PHASES = (phase("discriminator", new_images=True), phase("generator"))


def names_of_terms(made: Phase) -> list[str]:
    step: Any = None
    return list(made.terms(step))


def test_a_regularizer_of_every_step_adds_its_terms_to_the_phase_of_its_network() -> None:
    first, second = regularized(PHASES, {"mine": Constant()})
    assert (names_of_terms(first), names_of_terms(second)) == (["loss", "constant"], ["loss"])
    assert first.new_images


def test_a_regularizer_of_two_networks_adds_its_terms_to_the_phases_of_both() -> None:
    both = Constant(network=("generator", "discriminator"))
    made = regularized(PHASES, {"mine": both})
    assert [names_of_terms(each) for each in made] == [["loss", "constant"]] * 2


def test_a_lazy_regularizer_has_a_phase_of_its_own_after_its_network() -> None:
    names = [made.name for made in regularized(PHASES, {"mine": Constant(every=4)})]
    assert names == ["discriminator", "mine", "generator"]
    lazy = regularized(PHASES, {"mine": Constant(every=4)})[1]
    assert (lazy.every, lazy.repeats, lazy.networks) == (4, 1, ("discriminator",))
    assert names_of_terms(lazy) == ["constant"]
    assert lazy.full_precision
    assert not lazy.new_images


def test_a_regularizer_of_a_network_that_is_not_trained_is_refused() -> None:
    with pytest.raises(RequestError, match=r"regularize\.mine is for the network encoder"):
        regularized(PHASES, {"mine": Constant(network="encoder")})
    with pytest.raises(RequestError, match=r"encoder, which the loss does not train: it trains"):
        regularized(PHASES, {"mine": Constant(network=("generator", "encoder"))})


def test_weights_are_constrained_after_lazy_updates_too(tiny: Arguments) -> None:
    largest: list[float] = []

    class Grows(Constant):
        def terms(self, step: Step) -> Terms:
            return {"grows": -1e6 * step.scores.real.square().mean()}

    class Watches(Constant):
        def terms(self, step: Step) -> Terms:
            weights = step.networks["discriminator"].parameters()
            largest.append(max(float(weight.abs().max()) for weight in weights))
            return {"square": step.scores.fake.square().mean()}

    specs = [
        ganzoo.RegularizerSpec(name=name, summary="A penalty.", factory=factory)
        for name, factory in [
            ("grows", lambda options: Grows(every=2)),
            ("watches", lambda options: Watches(network="generator")),
        ]
    ]
    ganzoo.train(**tiny("run", "mlp", "wgan", regularize=specs))
    assert max(largest[1:]) <= 0.01 + 1e-6  # the first one is the trial's


def test_terms_of_the_same_name_are_all_minimized() -> None:
    first, _ = regularized(PHASES, {"mine": Constant(), "other": Constant()})
    step: Any = None
    terms = first.terms(step)
    assert list(terms) == ["loss", "constant", "other/constant"]
    assert sum(terms.values()) == 2


def test_a_regularizer_of_every_step_is_used_where_its_network_is_updated_less_often() -> None:
    phases = (PHASES[0], phase("generator", every=2))
    mine = {"lazy": Constant(every=4, network="generator"), "mine": Constant(network="generator")}
    terms = [names_of_terms(made) for made in regularized(phases, mine)]
    assert terms == [["loss"], ["loss", "constant"], ["constant"]]


@pytest.mark.parametrize(("steps", "every", "c"), [(1, 16, 16 / 17), (1, 4, 4 / 5), (2, 4, 8 / 9)])
def test_the_correction_of_the_optimizer_counts_its_updates(
    steps: int, every: int, c: float
) -> None:
    train = TrainOptions.model_validate({"discriminator": {"steps": steps}})
    phases = regularized(PHASES, {"mine": Constant(every=every)})
    corrections = lazy_corrections(phases, train)
    assert corrections[("discriminator",)] == pytest.approx(c)
    assert corrections[("generator",)] == 1


def group(folder: Any, network: str) -> dict[str, Any]:
    state = Checkpoints(folder / "checkpoints", 3).load()["state"]
    found: dict[str, Any] = state["optimizers"][network]["optimizer"]["param_groups"][0]
    return found


def test_lr_and_betas_are_corrected_for_lazy_regularizers_only(tiny: Arguments) -> None:
    settings = {"regularize.r1.every": 4, "regularize.r2.every": 1, "train.discriminator.steps": 1}
    run = ganzoo.train(**tiny(steps=1, settings=settings))
    c, lr, betas = 4 / 5, run.run.train.discriminator.lr, run.run.train.discriminator.betas
    corrected, plain = group(run.folder, "discriminator"), group(run.folder, "generator")
    assert corrected["lr"] == pytest.approx(lr * c)
    assert corrected["betas"] == pytest.approx([beta**c for beta in betas])
    assert plain["lr"] == lr


def test_a_lazy_regularizer_is_used_and_reported_every_n_steps(tiny: Arguments) -> None:
    settings = {"regularize.r1.every": 2, "log.every": 1}
    folder = ganzoo.train(**tiny(steps=4, settings=settings)).folder
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert ["r1/r1" in line for line in lines] == [True, False, True, False]


@pytest.mark.parametrize("every", [1, 2])
def test_numbers_of_components_of_one_name_are_reported_by_label(
    tiny: Arguments, every: int
) -> None:
    settings = {
        **{f"regularize.{label}": {"name": "r1", "every": every} for label in "ab"},
        **{f"augment.{label}": {"name": "ada", "p": p} for label, p in [("c", 0.1), ("d", 0.2)]},
        "log.every": 1,
    }
    folder = ganzoo.train(**tiny(steps=1, settings=settings)).folder
    report = json.loads((folder / "metrics.jsonl").read_text().splitlines()[0])
    norms = {name for name in report if name.endswith("gradient_norm")}
    assert norms == {"a/gradient_norm", "b/gradient_norm"}
    assert (report["c/p"], report["d/p"]) == pytest.approx((0.1, 0.2))


def test_updates_of_a_phase_are_numbered_without_gaps(tiny: Arguments) -> None:
    numbers: dict[str, list[int]] = {}

    class Numbers(Constant):
        def terms(self, step: Step) -> Terms:
            if step.step + step.number:  # not while it is tried before the run
                numbers.setdefault(step.phase, []).append(step.number)
            return {"square": step.critic(step.real.images).square().mean()}

    for every in (1, 3):
        spec = ganzoo.RegularizerSpec(
            name=f"every-{every}",
            summary="Numbers.",
            factory=lambda options, every=every: Numbers(every=every),
        )
        settings = {"train.discriminator.steps": 2}
        ganzoo.train(**tiny(spec.name, "mlp", steps=7, regularize=spec, settings=settings))
    assert numbers == {"discriminator": list(range(1, 14)), "every-3": [1, 2]}


def test_a_lazy_regularizer_weighs_n_times_as_much(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With SGD, the lazy update of step 1 is n times that of a regularizer of weight 1."""
    norms: dict[int, float] = {}
    original = torch.optim.SGD.step

    def weights(every: int) -> list[Tensor]:
        seen: list[float] = []

        def record(self: torch.optim.SGD, *arguments: Any) -> Any:
            grads = [p.grad for g in self.param_groups for p in g["params"] if p.grad is not None]
            seen.append(float(torch.nn.utils.get_total_norm(grads)))
            return original(self, *arguments)

        monkeypatch.setattr(torch.optim.SGD, "step", record)
        settings = {
            **{"regularize.r1.every": every, "train.discriminator.steps": 1},
            **{"train.discriminator.optimizer": "sgd", "train.discriminator.lr": 1e-30},
        }
        run = ganzoo.train(**tiny(f"every-{every}", "mlp", steps=1, settings=settings))
        norms[every] = seen[1]
        return list(run.discriminator.parameters())

    weights(2)
    weights(6)
    assert norms[6] == pytest.approx(3 * norms[2], rel=1e-5)


def test_regularizers_are_computed_in_float32_with_bf16(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True, raising=False)
    enabled: dict[str, set[bool]] = {}

    class Asks(Constant):
        def terms(self, step: Step) -> Terms:
            enabled.setdefault(step.phase, set()).add(torch.is_autocast_enabled("cpu"))
            return {"square": step.critic(step.real.images).square().mean()}

    for every in (1, 2):
        name = f"asks-{every}"
        spec = ganzoo.RegularizerSpec(
            name=name, summary="Asks.", factory=lambda options, every=every: Asks(every=every)
        )
        ganzoo.train(**tiny(name, "mlp", steps=1, precision="bf16", regularize=spec))
    assert enabled == {"discriminator": {False}, "asks-2": {False}}
