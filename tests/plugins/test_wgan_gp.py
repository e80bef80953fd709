from __future__ import annotations

from math import sqrt

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from ganzoo import WeightConstraint
from ganzoo_wgan_gp import WganGpOptions
from ganzoo_wgan_gp.losses import WganGp, gradient_penalty


def plain(*values: float) -> Tensor:
    """Images of 2 x 2 equal pixels."""
    return torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1, 1).expand(-1, 1, 2, 2)


def mean_critic(images: Tensor) -> Tensor:
    return images.mean((1, 2, 3))


def smooth_critic(channels: int = 2) -> nn.Sequential:
    """A small critic in float64 with a different gradient at every image."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 3, 3), nn.Tanh(), nn.Flatten(), nn.LazyLinear(1), nn.Flatten(0)
    ).double()


def test_terms_equal_those_of_the_paper() -> None:
    terms = WganGp(WganGpOptions()).discriminator(mean_critic, plain(1, 2), plain(0.5, -0.5))
    assert terms["wasserstein"].item() == pytest.approx((0.5 - 0.5) / 2 - (1 + 2) / 2)
    # The gradient is 1/4 at each of 4 pixels: its norm is 1/2.
    assert terms["gradient_penalty"].item() == pytest.approx(10 * (1 / 2 - 1) ** 2)
    assert terms["drift"].item() == pytest.approx(0.001 * (1**2 + 2**2) / 2)


def test_generator_maximizes_its_mean_score() -> None:
    terms = WganGp(WganGpOptions()).generator(mean_critic, plain(-3, 2), plain(0, 0))
    assert {name: term.item() for name, term in terms.items()} == {"adversarial": -(-3 + 2) / 2}


def test_a_term_of_weight_0_is_not_computed() -> None:
    seen = []

    def critic(images: Tensor) -> Tensor:
        seen.append(images)
        return mean_critic(images)

    loss = WganGp(WganGpOptions(gp_weight=0, drift=0))
    assert set(loss.discriminator(critic, plain(1, 2), plain(3, 4))) == {"wasserstein"}
    assert len(seen) == 2


@pytest.mark.parametrize("options", [{"gp_weight": -1.0}, {"drift": -0.1}])
def test_negative_weights_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        WganGpOptions(**options)


def test_the_loss_requires_independent_scores_and_does_not_clip() -> None:
    loss = WganGp(WganGpOptions())
    assert loss.independent_scores
    assert not isinstance(loss, WeightConstraint)


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_the_penalty_of_a_linear_critic_depends_on_the_norm_of_its_weights(scale: float) -> None:
    w = torch.tensor([2.0, -1.0, 2.0])  # ||w|| = 3
    real, fake = scale * torch.randn(5, 3, 1, 1), scale * torch.randn(5, 3, 1, 1)
    loss = WganGp(WganGpOptions(gp_weight=7))
    terms = loss.discriminator(lambda images: images.flatten(1) @ w, real, fake)
    assert terms["gradient_penalty"].item() == pytest.approx(7 * (3 - 1) ** 2)


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 2, 5), (5, 7, 3)])
def test_the_norm_is_over_all_channels_and_pixels(shape: tuple[int, int, int]) -> None:
    real, fake = torch.randn(4, *shape), torch.randn(4, *shape)
    penalty = gradient_penalty(lambda images: images.sum((1, 2, 3)), real, fake)
    c, h, w = shape
    assert penalty.item() == pytest.approx((sqrt(c * h * w) - 1) ** 2, rel=1e-5)


def test_each_image_has_its_own_epsilon() -> None:
    # With D(x) = ||x||^2 / 2 the gradient is x^ itself, and x^ = (1 - epsilon) fake.
    def critic(images: Tensor) -> Tensor:
        return images.square().sum((1, 2, 3)) / 2

    fake = torch.randn(6, 2, 3, 3)
    torch.manual_seed(3)
    penalty = gradient_penalty(critic, torch.zeros_like(fake), fake)
    torch.manual_seed(3)
    epsilon = torch.rand(6)
    norms = (1 - epsilon) * fake.flatten(1).norm(dim=1)
    assert penalty.item() == pytest.approx((norms - 1).square().mean().item(), rel=1e-5)


def test_x_hat_is_between_real_and_generated_images() -> None:
    points: list[Tensor] = []

    def critic(images: Tensor) -> Tensor:
        points.append(images.detach())
        return images.sum((1, 2, 3))

    gradient_penalty(critic, torch.ones(1000, 1, 2, 2), torch.zeros(1000, 1, 2, 2))
    shares = points[0].flatten(1)
    assert (shares == shares[:, :1]).all()
    assert 0 <= shares.min() < 0.01
    assert 0.99 < shares.max() <= 1
    assert shares[:, 0].unique().numel() > 900


def test_the_penalty_is_the_mean_over_single_images() -> None:
    critic = smooth_critic()
    x = torch.randn(5, 2, 6, 4, dtype=torch.float64)
    penalty = gradient_penalty(critic, x, x)  # x^ = x for any epsilon
    alone = [gradient_penalty(critic, one[None], one[None]) for one in x]
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
        return gradient_penalty(call, real, fake)

    # Biases after the last nonlinearity do not change the gradient; gradcheck covers them, too.
    assert torch.autograd.gradcheck(penalty, tuple(parameters.values()))


@pytest.mark.parametrize("exponent", [1, 2])
def test_a_zero_gradient_has_penalty_1_and_finite_gradients(exponent: int) -> None:
    w = torch.zeros(4, requires_grad=True)
    x = torch.randn(3, 1, 2, 2)
    penalty = gradient_penalty(lambda images: (images.flatten(1) @ w) ** exponent, x, x)
    assert penalty.item() == 1
    penalty.backward()
    assert w.grad is not None
    assert w.grad.isfinite().all()


def test_no_gradient_reaches_the_images() -> None:
    real, fake = torch.randn(2, 4, 2, 4, 4, dtype=torch.float64).unbind()
    real.requires_grad_()
    fake.requires_grad_()
    gradient_penalty(smooth_critic(), real, fake).backward()
    assert real.grad is None
    assert fake.grad is None


def test_the_penalty_is_computed_in_float32_under_autocast() -> None:
    layer = nn.Linear(4, 1)
    dtypes: list[tuple[torch.dtype, torch.dtype]] = []

    def critic(images: Tensor) -> Tensor:
        scores: Tensor = layer(images.flatten(1)).flatten()
        dtypes.append((images.dtype, scores.dtype))
        return scores

    real, fake = torch.randn(3, 1, 2, 2), torch.randn(3, 1, 2, 2).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = WganGp(WganGpOptions()).discriminator(critic, real, fake)
    assert [scores for _, scores in dtypes] == [torch.bfloat16, torch.bfloat16, torch.float32]
    assert dtypes[-1] == (torch.float32, torch.float32)
    norm = layer.weight.norm().item()
    assert terms["gradient_penalty"].dtype == torch.float32
    assert terms["gradient_penalty"].item() == pytest.approx(10 * (norm - 1) ** 2, rel=1e-5)


def test_the_penalty_does_not_depend_on_the_memory_format() -> None:
    critic = smooth_critic()
    real, fake = torch.randn(2, 4, 2, 5, 6, dtype=torch.float64)
    torch.manual_seed(0)
    penalty = gradient_penalty(critic, real, fake)
    torch.manual_seed(0)
    critic.to(memory_format=torch.channels_last)
    other = gradient_penalty(
        critic,
        real.contiguous(memory_format=torch.channels_last),
        fake.contiguous(memory_format=torch.channels_last),
    )
    torch.testing.assert_close(other, penalty)


def test_steps_raise_real_scores_above_fake_ones_with_gradient_norms_near_1() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(4, 1)
    critic = nn.Sequential(nn.Flatten(), layer, nn.Flatten(0))
    real, fake = torch.randn(32, 1, 2, 2) + 1, torch.randn(32, 1, 2, 2) - 1
    optimizer = torch.optim.SGD(critic.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        terms = WganGp(WganGpOptions()).discriminator(critic, real, fake)
        sum(terms.values(), torch.zeros(())).backward()
        optimizer.step()
    assert critic(real).mean() - critic(fake).mean() > 3
    assert layer.weight.norm().item() == pytest.approx(1, abs=0.3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_epsilon_is_drawn_on_the_images_device() -> None:
    x = torch.randn(4, 3, 8, 8, device="cuda")
    assert gradient_penalty(mean_critic, x, x).device == x.device
