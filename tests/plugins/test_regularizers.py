"""Regularizers of the discriminator, against values that are known exactly."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

import ganzoo
import ganzoo_regularizers
from ganzoo_regularizers import (
    ApproximateOptions,
    AuxiliaryOptions,
    ConsistencyOptions,
    DivergencePenaltyOptions,
    DriftOptions,
    GammaOptions,
    GradientPenaltyOptions,
    LeCamOptions,
    MismatchOptions,
)
from ganzoo_regularizers.auxiliary import AuxiliaryClassifier
from ganzoo_regularizers.consistency import Consistency
from ganzoo_regularizers.mismatch import Mismatch
from ganzoo_regularizers.penalties import (
    R1,
    R2,
    ApproximateR1,
    DivergencePenalty,
    Dragan,
    GradientPenalty,
)
from ganzoo_regularizers.scores import Drift, LeCam
from tests.plugins.steps import GivenStep, scores

Critic = Callable[[Tensor], Tensor]


def mean_critic(images: Tensor) -> Tensor:
    return images.mean((1, 2, 3))


def squares(images: Tensor) -> Tensor:
    """D(x) = ||x||^2 / 2, whose gradient is x."""
    return images.square().sum((1, 2, 3)) / 2


def smooth_critic(channels: int = 2) -> nn.Sequential:
    """A small critic in float64 with a different gradient at every image."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 3, 3), nn.Tanh(), nn.Flatten(), nn.LazyLinear(1), nn.Flatten(0)
    ).double()


def term(regularizer: Any, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    step: Any = GivenStep(critic, real, fake)
    (value,) = regularizer.terms(step).values()
    assert isinstance(value, Tensor)
    return value


def penalty_of(critic: Critic, real: Tensor, fake: Tensor, weight: float = 1.0) -> Tensor:
    """The gradient penalty."""
    return term(GradientPenalty(GradientPenaltyOptions(weight=weight)), critic, real, fake)


def test_r1_is_half_gamma_times_the_squared_norm_of_the_gradient_at_real_images() -> None:
    real, fake = torch.randn(2, 5, 3, 4, 4)
    r1 = term(R1(GammaOptions(gamma=7.0)), squares, real, fake)
    torch.testing.assert_close(r1, 7 / 2 * real.square().sum((1, 2, 3)).mean())


def test_r2_is_the_same_at_generated_images() -> None:
    real, fake = torch.randn(2, 5, 3, 4, 4)
    r2 = term(R2(GammaOptions(gamma=7.0)), squares, real, fake)
    torch.testing.assert_close(r2, 7 / 2 * fake.square().sum((1, 2, 3)).mean())


def test_the_default_gamma_depends_on_the_size_of_the_images_and_of_the_batch() -> None:
    real = torch.randn(5, 3, 4, 6)
    gamma = 0.0002 * 4 * 6 / 5
    for regularizer in (R1, R2):
        default = term(regularizer(GammaOptions()), squares, real, real)
        torch.testing.assert_close(default, gamma / 2 * real.square().sum((1, 2, 3)).mean())


def test_r1_of_several_scores_uses_their_sum() -> None:
    real = torch.randn(5, 1, 4, 4)
    both = lambda images: torch.stack([squares(images), squares(images)], dim=1)  # noqa: E731
    r1 = term(R1(GammaOptions(gamma=2.0)), both, real, real)
    torch.testing.assert_close(r1, 4 * real.square().sum((1, 2, 3)).mean())


@pytest.mark.parametrize(
    ("regularizer", "options", "name", "target"),
    [
        (R1, GammaOptions(), "r1", {}),
        (R2, GammaOptions(), "r2", {}),
        (GradientPenalty, GradientPenaltyOptions(), "gradient_penalty", {"gradient_target": 1}),
        (Dragan, GradientPenaltyOptions(), "dragan", {"gradient_target": 1}),
        (DivergencePenalty, DivergencePenaltyOptions(), "divergence_penalty", {}),
    ],
)
def test_a_penalty_reports_the_mean_norm_of_its_gradient_and_what_it_pulls_it_to(
    regularizer: Any, options: Any, name: str, target: dict[str, int]
) -> None:
    images = torch.zeros(5, 3, 4, 4)
    step: Any = GivenStep(lambda x: 2 * x.sum((1, 2, 3)), images, images)
    assert list(regularizer(options).terms(step)) == [name]
    norm = {"gradient_norm": pytest.approx(2 * sqrt(48))}
    assert {n: v.item() for n, v in step.reports.items()} == norm | target


@pytest.mark.parametrize("regularizer", [R1, R2])
def test_r1_and_r2_are_differentiable_in_the_critics_parameters(regularizer: Any) -> None:
    critic = smooth_critic()
    x = torch.randn(3, 2, 4, 4, dtype=torch.float64)
    critic(x)
    parameters = dict(critic.named_parameters())

    def value(*values: Tensor) -> Tensor:
        state = dict(zip(parameters, values, strict=True))
        call = lambda images: torch.func.functional_call(critic, state, (images,))  # noqa: E731
        return term(regularizer(GammaOptions(gamma=10.0)), call, x, x)

    assert torch.autograd.gradcheck(value, tuple(parameters.values()))


def test_the_approximation_of_r1_of_a_linear_critic_has_its_expected_value() -> None:
    torch.manual_seed(0)
    w, sigma = torch.tensor([2.0, -1.0, 2.0], dtype=torch.float64), 0.1  # ||w||^2 = 9
    x = torch.zeros(200_000, 3, 1, 1, dtype=torch.float64)
    options = ApproximateOptions(weight=5, sigma=sigma)
    found = term(ApproximateR1(options), lambda images: images.flatten(1) @ w, x, x)
    assert found.item() == pytest.approx(5 * sigma**2 * 9, rel=0.02)


def test_the_approximation_tends_to_r1_for_little_noise() -> None:
    torch.manual_seed(0)
    critic = smooth_critic()
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64).repeat(50_000, 1, 1, 1)
    sigma, gamma = 1e-3, 1.0
    options = ApproximateOptions(weight=gamma / (2 * sigma**2), sigma=sigma)
    exact = term(R1(GammaOptions(gamma=gamma)), critic, x[:2], x[:2])
    approximate = term(ApproximateR1(options), critic, x, x)
    assert approximate.item() == pytest.approx(exact.item(), rel=0.03)


def test_the_approximation_augments_an_image_and_its_copy_in_the_same_way() -> None:
    step: Any = GivenStep(squares, torch.ones(2, 1, 2, 2), torch.ones(2, 1, 2, 2))
    ApproximateR1(ApproximateOptions()).terms(step)
    first, second = step.transforms
    assert first == second != ""


def shifted_cells(shift: int, flip: bool) -> tuple[Tensor, Tensor]:
    """Where T moves the pixels of images whose pixel (row, column) has the value 10 row + column.

    Returns the values, int64 (N, 5, 6), and the images that the critic got, without T.
    """
    image = (10 * torch.arange(5)[:, None] + torch.arange(6)).float()
    images = image.expand(2000, 1, 5, 6)
    seen: list[Tensor] = []

    def critic(images: Tensor) -> Tensor:
        seen.append(images)
        return images.mean((1, 2, 3))

    step: Any = GivenStep(critic, images, images)
    torch.manual_seed(0)
    Consistency(ConsistencyOptions(shift=shift, flip=flip)).terms(step)
    assert len(set(step.transforms)) == 1 < len(step.transforms)
    return seen[1][:, 0].long(), seen[0][:, 0]


def test_consistency_mirrors_half_of_the_images() -> None:
    made, given = shifted_cells(shift=0, flip=True)
    mirrored = (made == given.flip(-1)).all(-1).all(-1)
    assert mirrored.float().mean().item() == pytest.approx(0.5, abs=0.05)
    assert (made[~mirrored] == given[~mirrored]).all()


def test_consistency_shifts_images_by_all_numbers_of_pixels_equally_often() -> None:
    made, _ = shifted_cells(shift=2, flip=False)
    down, right = 2 - made[:, 2, 2] // 10, 2 - made[:, 2, 2] % 10
    for shifts in (down, right):
        assert shifts.unique(return_counts=True)[1] == pytest.approx([400] * 5, abs=80)
    together = torch.stack((down, right)).float()
    assert torch.corrcoef(together)[0, 1].abs() < 0.1
    for image, y, x in zip(
        made[:50].tolist(), down[:50].tolist(), right[:50].tolist(), strict=True
    ):
        rows = [min(max(row - y, 0), 4) for row in range(5)]
        columns = [min(max(column - x, 0), 5) for column in range(6)]
        assert image == [[10 * row + column for column in columns] for row in rows]


def test_consistency_is_the_mean_squared_difference_of_the_scores() -> None:
    def column(images: Tensor) -> Tensor:  # its mirror image has the score 3 - score
        return images[:, 0, 0, :2]

    real, fake = torch.tensor([[1.0, 2.0]]), torch.tensor([[4.0, 7.0]])
    step: Any = GivenStep(column, real.expand(1000, 1, 1, 2), fake.expand(1000, 1, 1, 2))
    options = ConsistencyOptions(real_weight=3, fake_weight=5, shift=0)
    terms = Consistency(options).terms(step)
    shares = [terms["consistency_real"] / 3 / 1**2, terms["consistency_fake"] / 5 / 3**2]
    assert shares == pytest.approx([0.5, 0.5], abs=0.06)


def test_a_shift_may_be_larger_than_the_image() -> None:
    x = torch.randn(20, 3, 4, 2)
    assert term_names(Consistency(ConsistencyOptions(shift=50)), x) == {
        "consistency_real",
        "consistency_fake",
    }


def term_names(regularizer: Any, x: Tensor) -> set[str]:
    step: Any = GivenStep(squares, x, x)
    terms = regularizer.terms(step)
    assert all(value.isfinite() for value in terms.values())
    return set(terms)


def test_lecam_pulls_scores_to_the_moving_averages_of_the_other_images() -> None:
    lecam = LeCam(LeCamOptions(weight=2, decay=0.75))
    assert term(lecam, mean_critic, torch.ones(2, 1, 2, 2), 2 * torch.ones(2, 1, 2, 2)) == 2 * 5
    step: Any = None
    lecam.observe(step, scores(real=torch.tensor([4.0, 12.0]), fake=torch.tensor([-8.0, 0.0])))
    assert lecam.real_average == 2
    assert lecam.fake_average == -1
    real, fake = torch.ones(2, 1, 2, 2), 3 * torch.ones(2, 1, 2, 2)
    assert term(lecam, mean_critic, real, fake) == 2 * ((1 + 1) ** 2 + (3 - 2) ** 2)


def test_drift_is_the_mean_squared_score_of_real_images() -> None:
    real, fake = torch.tensor([1.0, 3.0]).view(2, 1, 1, 1), torch.randn(2, 1, 1, 1)
    assert term(Drift(DriftOptions(weight=0.5)), mean_critic, real, fake) == 0.5 * (1 + 9) / 2


class ConditionedStep(GivenStep):
    """A step of four images; the score is that of the image, plus its condition."""

    def __init__(self, condition: Tensor) -> None:
        super().__init__(mean_critic, torch.zeros(4, 1, 2, 2), torch.zeros(4, 1, 2, 2))
        self.real.condition = condition

    def critic(self, images: Tensor, condition: Any = None, *, transform: str = "") -> Tensor:
        scores: Tensor = mean_critic(images) + condition.view(4, -1).sum(1)
        return scores

    def random(self, purpose: str) -> torch.Generator:
        return torch.Generator().manual_seed(5)

    def gather(self, values: Tensor) -> Tensor:
        return values

    def shard(self, batch: Tensor) -> Tensor:
        return batch


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 2)])
def test_mismatch_lowers_the_scores_of_real_images_with_other_conditions(
    shape: tuple[int, ...],
) -> None:
    values = torch.tensor([1.0, 2.0, 3.0, 4.0]).view(4, *[1] * (len(shape) - 1)).expand(shape)
    step: Any = ConditionedStep(values)
    found = Mismatch(MismatchOptions(weight=3)).terms(step)["mismatch"]
    # Each image has the condition of another one: together they have all four.
    expected = 3 * torch.nn.functional.softplus(values.reshape(4, -1).sum(1)).mean()
    assert found.item() == pytest.approx(expected.item())


def test_an_image_of_the_same_class_is_no_mismatch() -> None:
    step: Any = ConditionedStep(torch.tensor([7, 7, 7, 7]))
    assert Mismatch(MismatchOptions()).terms(step)["mismatch"] == 0


def test_mismatch_needs_conditional_networks(tiny: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(ganzoo.RequestError, match=r"mismatch needs .* data\.conditional=true"):
        ganzoo.train(**tiny(settings={"regularize.mismatch": True}))


class Estimates:
    """The estimate of each image's condition is its mean."""

    def condition_error(self, images: Tensor, condition: Tensor) -> Tensor:
        return (images.flatten(1).mean(1) - condition).abs()


def estimating_step(*updated: str) -> Any:
    """Real images of -1 and generated images of 1, told 0 and 0.5."""
    condition = torch.tensor([0.0, 0.5])
    images = torch.ones(2, 1, 2, 2)
    return SimpleNamespace(
        networks={"discriminator": Estimates()},
        real=SimpleNamespace(images=-images, condition=condition),
        fake=SimpleNamespace(images=images, condition=condition),
        updated=updated,
    )


def test_the_auxiliary_classifier_trains_both_networks_by_the_images_of_each() -> None:
    regularizer = AuxiliaryClassifier(AuxiliaryOptions(weight=2, generator_weight=4))
    assert regularizer.terms(estimating_step("discriminator")) == {"condition/real": 2 * 1.25}
    assert regularizer.terms(estimating_step("generator")) == {"condition/fake": 4 * 0.75}


def test_the_auxiliary_classifier_needs_conditions_and_an_estimate_of_them(
    tiny: Callable[..., dict[str, Any]],
) -> None:
    settings: dict[str, Any] = {"regularize.auxiliary-classifier": True}
    with pytest.raises(ganzoo.RequestError, match=r"needs .* data\.conditional=true"):
        ganzoo.train(**tiny(settings=settings))
    settings |= {"data.conditional": True}
    with pytest.raises(ganzoo.RequestError, match=r"MlpDiscriminator does not: choose .* dcgan"):
        ganzoo.train(**tiny("run", "mlp", settings=settings))


@pytest.mark.parametrize("architecture", ["dcgan", "resnet"])
@pytest.mark.parametrize("values", [False, True])
def test_a_discriminator_learns_to_estimate_the_condition_of_real_images(
    tiny: Callable[..., dict[str, Any]], architecture: str, values: bool
) -> None:
    settings: dict[str, Any] = {"regularize.auxiliary-classifier": True, "data.conditional": True}
    settings |= {"log.every": 1, "train.discriminator.lr": 3e-3}
    if values:
        settings["dataset.condition"] = "vector"
    made = ganzoo.train(**tiny("run", architecture, steps=30, settings=settings))
    errors = [each["discriminator/condition/real"] for each in made.history]
    assert sum(errors[-5:]) < 0.8 * sum(errors[:5])


def test_dragan_pulls_the_norm_near_real_images_to_1() -> None:
    points: list[Tensor] = []

    def critic(images: Tensor) -> Tensor:
        points.append(images.detach())
        return 3 * images.flatten(1)[:, 0]  # the norm of its gradient is 3

    torch.manual_seed(0)
    real, fake = 7 * torch.randn(2, 5000, 2, 3, 3)
    found = term(Dragan(GradientPenaltyOptions(weight=5)), critic, real, fake)
    assert found.item() == pytest.approx(5 * (3 - 1) ** 2)
    # A product of a uniform number for each image and one for each pixel.
    product = (points[0] - real) / (0.5 * real.std(correction=0))
    assert -1e-4 < product.min() < product.max() < 1 + 1e-4
    assert product.mean() == pytest.approx(1 / 4, abs=0.02)
    assert product.std() == pytest.approx(sqrt(1 / 9 - 1 / 16), abs=0.01)
    largest = product.flatten(1).max(1).values  # nearly the number of each image
    assert largest.std() == pytest.approx(sqrt(1 / 12), abs=0.03)


INDEPENDENT = {"r1", "r2", "gradient-penalty", "dragan", "r1-approximate", "divergence-penalty"}
LAZY = {*INDEPENDENT, "consistency", "path-length"}
NETWORKS = {
    "auxiliary-classifier": ("discriminator", "generator"),
    "path-length": "generator",
}
"""The networks of the regularizers that are not for the discriminator alone."""


@pytest.mark.parametrize("spec", ganzoo_regularizers.ganzoo_regularizers(), ids=str)
def test_penalties_need_independent_scores_and_may_be_used_every_n_steps(spec: Any) -> None:
    options = {"every": 16} if spec.name in LAZY else {}
    regularizer = spec.build(spec.options(**options))
    network = NETWORKS.get(spec.name, "discriminator")
    assert (regularizer.network, regularizer.every) == (network, 16 if spec.name in LAZY else 1)
    assert regularizer.independent_scores == (spec.name in INDEPENDENT)


@pytest.mark.parametrize(
    ("options", "values"),
    [
        (GammaOptions, {"gamma": -1.0}),
        (GammaOptions, {"every": 0}),
        (GradientPenaltyOptions, {"weight": -1.0}),
        (ApproximateOptions, {"sigma": 0.0}),
    ],
)
def test_values_out_of_bounds_are_refused(options: Any, values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        options(**values)


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_the_penalty_of_a_linear_critic_depends_on_the_norm_of_its_weights(scale: float) -> None:
    w = torch.tensor([2.0, -1.0, 2.0])  # ||w|| = 3
    real, fake = scale * torch.randn(5, 3, 1, 1), scale * torch.randn(5, 3, 1, 1)
    penalty = penalty_of(lambda images: images.flatten(1) @ w, real, fake, weight=7)
    assert penalty.item() == pytest.approx(7 * (3 - 1) ** 2)


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 2, 5), (5, 7, 3)])
def test_the_norm_is_over_all_channels_and_pixels(shape: tuple[int, int, int]) -> None:
    real, fake = torch.randn(4, *shape), torch.randn(4, *shape)
    penalty = penalty_of(lambda images: images.sum((1, 2, 3)), real, fake)
    c, h, w = shape
    assert penalty.item() == pytest.approx((sqrt(c * h * w) - 1) ** 2, rel=1e-5)


def test_each_image_has_its_own_epsilon() -> None:
    # With D(x) = ||x||^2 / 2 the gradient is x^ itself, and x^ = (1 - epsilon) fake.
    def critic(images: Tensor) -> Tensor:
        return images.square().sum((1, 2, 3)) / 2

    fake = torch.randn(6, 2, 3, 3)
    torch.manual_seed(3)
    penalty = penalty_of(critic, torch.zeros_like(fake), fake)
    torch.manual_seed(3)
    epsilon = torch.rand(6)
    norms = (1 - epsilon) * fake.flatten(1).norm(dim=1)
    assert penalty.item() == pytest.approx((norms - 1).square().mean().item(), rel=1e-5)


def test_x_hat_is_between_real_and_generated_images() -> None:
    points: list[Tensor] = []

    def critic(images: Tensor) -> Tensor:
        points.append(images.detach())
        return images.sum((1, 2, 3))

    penalty_of(critic, torch.ones(1000, 1, 2, 2), torch.zeros(1000, 1, 2, 2))
    shares = points[0].flatten(1)
    assert (shares == shares[:, :1]).all()
    assert 0 <= shares.min() < 0.01
    assert 0.99 < shares.max() <= 1
    assert shares[:, 0].unique().numel() > 900


def test_the_penalty_is_the_mean_over_single_images() -> None:
    critic = smooth_critic()
    x = torch.randn(5, 2, 6, 4, dtype=torch.float64)
    penalty = penalty_of(critic, x, x)  # x^ = x for any epsilon
    alone = [penalty_of(critic, one[None], one[None]) for one in x]
    assert len({one.item() for one in alone}) == 5
    torch.testing.assert_close(penalty, torch.stack(alone).mean())


def test_the_penalty_is_differentiable_in_the_critics_parameters() -> None:
    critic = smooth_critic()
    real, fake = torch.randn(2, 3, 2, 4, 4, dtype=torch.float64)
    critic(real)
    parameters = dict(critic.named_parameters())

    def penalty(*values: Tensor) -> Tensor:
        def call(images: Tensor) -> Tensor:
            state = dict(zip(parameters, values, strict=True))
            scores: Tensor = torch.func.functional_call(critic, state, (images,))
            return scores

        torch.manual_seed(0)
        return penalty_of(call, real, fake)

    # Biases after the last nonlinearity do not change the gradient; gradcheck covers them, too.
    assert torch.autograd.gradcheck(penalty, tuple(parameters.values()))


@pytest.mark.parametrize("exponent", [1, 2])
def test_a_zero_gradient_has_penalty_1_and_finite_gradients(exponent: int) -> None:
    w = torch.zeros(4, requires_grad=True)
    x = torch.randn(3, 1, 2, 2)
    penalty = penalty_of(lambda images: (images.flatten(1) @ w) ** exponent, x, x)
    assert penalty.item() == 1
    penalty.backward()
    assert w.grad is not None
    assert w.grad.isfinite().all()


def test_no_gradient_reaches_the_images() -> None:
    real, fake = torch.randn(2, 4, 2, 4, 4, dtype=torch.float64).unbind()
    real.requires_grad_()
    fake.requires_grad_()
    penalty_of(smooth_critic(), real, fake).backward()
    assert real.grad is None
    assert fake.grad is None


def test_the_penalty_does_not_depend_on_the_memory_format() -> None:
    critic = smooth_critic()
    real, fake = torch.randn(2, 4, 2, 5, 6, dtype=torch.float64)
    torch.manual_seed(0)
    penalty = penalty_of(critic, real, fake)
    torch.manual_seed(0)
    critic.to(memory_format=torch.channels_last)
    other = penalty_of(
        critic,
        real.contiguous(memory_format=torch.channels_last),
        fake.contiguous(memory_format=torch.channels_last),
    )
    torch.testing.assert_close(other, penalty)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_epsilon_is_drawn_on_the_images_device() -> None:
    x = torch.randn(4, 3, 8, 8, device="cuda")
    assert penalty_of(mean_critic, x, x).device == x.device
