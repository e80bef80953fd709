"""Steps of a DCGAN in plain torch, which step.py compares with that of ganzoo."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from ganzoo.training.assembly import Assembly


class ByHand:
    """The step in plain torch, with the mathematics of ganzoo."""

    memory_format = torch.channels_last
    fused = True

    def __init__(self, assembly: Assembly) -> None:
        setup, train = assembly.setup, assembly.run.train
        self.generator, self.critic = (
            copy.deepcopy(network).to(memory_format=self.memory_format)
            for network in (setup.generator, setup.discriminator)
        )
        self.ema = copy.deepcopy(self.generator).eval()
        self.has_penalty = bool(assembly.run.regularize)
        self.critic_updates, self.batch = train.discriminator.steps, train.batch_size
        self.latent_dim = setup.generator.sample_latents(1, torch.Generator()).shape[1]
        data = assembly.batches.data
        self.images = torch.from_numpy(data.store.take(data.indices))
        self.optimizers = [
            torch.optim.Adam(network.parameters(), lr=how.lr, betas=how.betas, fused=self.fused)
            for network, how in (
                (self.critic, train.discriminator),
                (self.generator, train.generator),
            )
        ]

    def step(self) -> None:
        for _ in range(self.critic_updates):
            real = self.real_images()
            with torch.no_grad():
                fake = self.generator(self.latents())
            self.update(0, self.critic_loss(real, fake), self.critic)
        scores = self.critic(self.generator(self.latents()))
        self.update(
            1, -scores.mean() if self.has_penalty else softplus(-scores).mean(), self.generator
        )
        self.update_ema()

    def real_images(self) -> Tensor:
        chosen = self.images[torch.randint(len(self.images), (self.batch,))]
        real = chosen.permute(0, 3, 1, 2).float() / 127.5 - 1
        return real.contiguous(memory_format=self.memory_format)

    def latents(self) -> Tensor:
        return torch.randn(self.batch, self.latent_dim)

    def update(self, number: int, loss: Tensor, network: nn.Module) -> None:
        self.optimizers[number].zero_grad(set_to_none=True)
        loss.backward(inputs=list(network.parameters()))
        self.optimizers[number].step()

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        on_fake, on_real = self.critic(fake), self.critic(real)
        if self.has_penalty:
            return self.wasserstein(on_real, on_fake) + self.penalty(real, fake)
        loss: Tensor = softplus(-on_real).mean() + softplus(on_fake).mean()
        return loss

    def wasserstein(self, on_real: Tensor, on_fake: Tensor) -> Tensor:
        return on_fake.mean() - on_real.mean() + 0.001 * on_real.square().mean()

    def penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        mix = torch.rand(len(real), 1, 1, 1)
        x_hat = (mix * real + (1 - mix) * fake).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self.critic(x_hat).sum(), x_hat, create_graph=True)
        norm: Tensor = torch.linalg.vector_norm(gradient, dim=(1, 2, 3))
        return 10 * (norm - 1).square().mean()

    @torch.no_grad()
    def update_ema(self) -> None:
        averaged: list[Tensor] = list(self.ema.parameters())
        weights: list[Tensor] = list(self.generator.parameters())
        torch._foreach_lerp_(averaged, weights, 0.01)
        buffers = zip(self.ema.buffers(), self.generator.buffers(), strict=True)
        for copied, buffer in buffers:
            copied.copy_(buffer)


class Published(ByHand):
    """The step as the DCGAN example of PyTorch describes it, with torch's own convolutions."""

    memory_format = torch.contiguous_format
    fused = False

    def __init__(self, assembly: Assembly) -> None:
        super().__init__(assembly)
        for network in (self.generator, self.critic):
            for layer in network.modules():
                for kind in (nn.Conv2d, nn.ConvTranspose2d):
                    if isinstance(layer, kind):
                        layer.__class__ = kind

    def step(self) -> None:
        for _ in range(self.critic_updates):
            real = self.real_images()
            self.critic.zero_grad()
            fake = self.generator(self.latents())
            if self.has_penalty:
                on_real, on_fake = self.critic(real), self.critic(fake.detach())
                loss = self.wasserstein(on_real, on_fake) + self.penalty(real, fake)
                loss.backward()
            else:
                on_real = self.critic(real)
                self.entropy(on_real, 1).backward()
                on_fake = self.critic(fake.detach())
                self.entropy(on_fake, 0).backward()
            self.optimizers[0].step()
        self.generator.zero_grad()
        scores = self.critic(fake)
        (-scores.mean() if self.has_penalty else self.entropy(scores, 1)).backward()
        self.optimizers[1].step()

    def entropy(self, scores: Tensor, label: float) -> Tensor:
        return binary_cross_entropy_with_logits(scores, torch.full_like(scores, label))
