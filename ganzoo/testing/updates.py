"""Updates with linear networks, to check losses, regularizers and replaced real images."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from ganzoo.components import ComponentSpec, LossSpec
from ganzoo.configured_components import ConfiguredComponent
from ganzoo.contracts import Condition, ImageShape, Phase, Scores, Stateful, Terms
from ganzoo.errors import RequestError
from ganzoo.options import Options
from ganzoo.registry import Entry, Plugin
from ganzoo.sections import TrainOptions
from ganzoo.testing.architectures import CONDITIONS
from ganzoo.testing.problems import Problems
from ganzoo.testing.state import number_text, rebuilt_with_state
from ganzoo.training.built_component import BuiltComponent
from ganzoo.training.engine import Engine
from ganzoo.training.progress import Progress
from ganzoo.training.run_components import Components
from ganzoo.training.setup import Setup
from ganzoo.training.stand_ins import stand_ins
from ganzoo.training.step import TrainingStep
from ganzoo.training.trial import trial_setup
from ganzoo.training.update import after_update, compute_terms

STATE_METHODS = ("observe", "state_dict", "load_state_dict")
"""The optional methods of losses and regularizers that have a state."""
_SHAPES = (ImageShape(3, 8, 8), ImageShape(1, 6, 10))


def check_updates(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """All terms are finite, with gradients, and the same after the state was saved and loaded.

    Networks are told a class if a regularizer refuses others.
    """
    is_conditional = component.kind == "regularizer" and needs_condition(component, options)
    condition = CONDITIONS["class"] if is_conditional else None
    for shape in _SHAPES:
        _check_updates(component, options, shape, condition, problems)


def needs_condition(component: ComponentSpec, options: Options) -> bool:
    """Whether a regularizer refuses networks that are told nothing about an image."""
    return _refuses(component, options, None)


def refuses_other_networks(component: ComponentSpec, options: Options) -> bool:
    """Whether a regularizer refuses the linear networks, so that it is for certain networks."""
    conditions = (None, CONDITIONS["class"])
    return all(_refuses(component, options, condition) for condition in conditions)


def _refuses(component: ComponentSpec, options: Options, condition: Condition | None) -> bool:
    try:
        setup = _setup(component, _built(component, options), _SHAPES[0], condition)
        _update(setup, 0, Problems(component.name))
    except RequestError:
        return True
    except Exception:  # noqa: BLE001 - a plugin may raise anything; the checks find it again
        return False
    return False


def _check_updates(
    component: ComponentSpec,
    options: Options,
    shape: ImageShape,
    condition: Condition | None,
    problems: Problems,
) -> None:
    before = len(problems.lines)
    built = _built(component, options)
    with problems.catching("it cannot be used"):
        _update(_setup(component, built, shape, condition), 0, problems)
    if len(problems.lines) > before:
        return
    for name, value in getattr(built.built, "__dict__", {}).items():
        problems.expect(
            not _with_graph(value),
            f"its {name} keeps the graph of an update, so memory fills up: store x.detach()",
        )
    with problems.catching("its state_dict() cannot be saved and loaded"):
        rebuilt = _built(component, options)
        saved = rebuilt_with_state(component, options, built.built)
        if isinstance(saved, Stateful):
            rebuilt.built.load_state_dict(saved.state_dict())
        expected = _update(_setup(component, built, shape, condition), 1, problems)
        problems.expect(
            expected == _update(_setup(component, rebuilt, shape, condition), 1, problems),
            "its terms differ after a resume: return all state from state_dict(), restore it in "
            "load_state_dict(), and take random numbers from the step or from torch's global "
            "generator",
        )


def _setup(
    component: ComponentSpec,
    built: BuiltComponent,
    shape: ImageShape,
    condition: Condition | None = None,
) -> Setup:
    """A setup with new linear networks that uses the component."""
    torch.manual_seed(0)
    if component.kind == "loss":
        components = Components(built, {}, {})
    else:
        neutral = LossSpec(name="score", summary="The mean score.", factory=_Score)
        found = {component.name: built}
        regularizers, augmentations = (
            (found, {}) if component.kind == "regularizer" else ({}, found)
        )
        components = Components(_built(neutral, Options()), regularizers, augmentations)
    engine = Engine(TrainOptions(device="cpu"))
    return trial_setup(components, stand_ins(shape), shape, engine, condition)


def _built(component: ComponentSpec, options: Options) -> BuiltComponent:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of misspelled methods, which are problems already
        return BuiltComponent(_configured(component, options), torch.device("cpu"))


def _configured(component: ComponentSpec, options: Options) -> ConfiguredComponent:
    return ConfiguredComponent(Entry(component, Plugin("under-test", "under-test", "0")), options)


def _update(setup: Setup, number: int, problems: Problems) -> list[float]:
    """The values of all terms of one update of each phase; checks them and their gradients."""
    values = []
    for phase in setup.components.phases():
        torch.manual_seed(number)
        step = TrainingStep(
            setup, Progress(images_seen=setup.point.stage.batch_size), phase, number
        )
        images = step.real.images.clone()
        terms = compute_terms(phase, step, setup)
        problems.expect(
            torch.equal(images, step.real.images),
            "changes the real images in place: compute new ones, since later phases see them too",
        )
        _check_terms(terms, phase, problems)
        parameters = [p for k in phase.networks for p in setup.networks[k].parameters()]
        total = torch.stack(list(terms.values())).sum()
        gradients = _gradients(total, parameters)
        problems.expect(gradients, f"the {' and the '.join(phase.networks)} gets no gradient")
        after_update(phase, step, setup)
        values += [float(term.detach()) for term in terms.values()]
    return values


def _with_graph(value: object) -> bool:
    """Whether it is, or contains, a tensor that was computed with gradients."""
    if isinstance(value, Tensor):
        return value.grad_fn is not None
    if isinstance(value, Mapping):
        return any(map(_with_graph, value.values()))
    return (
        isinstance(value, Iterable)
        and not isinstance(value, str | Iterator)
        and any(map(_with_graph, value))
    )


def _gradients(total: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """The gradients that exist."""
    if not total.requires_grad:
        return []
    gradients: Sequence[Tensor | None] = torch.autograd.grad(total, parameters, allow_unused=True)
    return [gradient for gradient in gradients if gradient is not None]


def _check_terms(terms: Terms, phase: Phase, problems: Problems) -> None:
    for name, term in terms.items():
        value = float(term.detach())
        finite = math.isfinite(value)
        problems.expect(finite, f"{phase.name}: {name} is {number_text(value)}")


class _Score:
    """The mean scores as a loss, for checks of regularizers."""

    independent_scores = False

    def __init__(self, options: Options) -> None: ...

    def discriminator(self, scores: Scores) -> Terms:
        return {"score": scores.fake.mean() - scores.real.mean()}

    def generator(self, scores: Scores) -> Terms:
        return {"score": -scores.fake.mean()}
