"""Measure the overhead of the training loop over the same computation without it.

    python tests/benchmarks/loop.py [--loss wgan-gp] [--channels 32] [--rounds 15]

Both train the same DCGAN on the same images with the same settings. They take turns of a few steps,
so that changes in the machine's speed affect both. The loop includes reports, TensorBoard, a
progress bar and the EMA generator.
"""

from __future__ import annotations

import argparse
import copy
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from torch import Tensor
from torch.nn.functional import softplus

from ganzoo.folders import RunFolder
from ganzoo.observers.console import ProgressBar
from ganzoo.observers.observer import ObservedRun
from ganzoo.observers.observer_list import ObserverList
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.assembly import Assembly, assemble
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.engine import Engine
from ganzoo.training.loop import Loop
from ganzoo.training.run_observers import build_observers

STEPS = {"non-saturating": 6, "wgan-gp": 2}
"""Steps per turn: about a second."""


def framework(loss: str, channels: int, folder: Path) -> tuple[Assembly, Loop, ProgressBar]:
    """The loop of ``ganzoo train``."""
    settings = Settings()
    settings.override(
        [
            *("dataset=blossoms", "architecture=dcgan", f"loss={loss}", "dataset.count=2000"),
            *(f"architecture.base_channels={channels}", "train.steps=1000000", "train.device=cpu"),
            *("sample.every=1000000", "checkpoint.every=1000000"),
        ]
    )
    run = Run.resolve(settings)
    bar = ProgressBar(Console(file=io.StringIO(), force_terminal=True))
    new = RunFolder(folder)
    observed = ObservedRun(folder=new, step=0, resumed=False, settings=run.tree())
    observers = ObserverList([*build_observers(run, observed)[0], bar])
    assembly = assemble(run, Engine(run.train))
    loop = Loop(assembly, Checkpoints(folder, 1), observers)
    bar.on_train_start(0, loop.progress.total_steps)
    return assembly, loop, bar


class ByHand:
    """The same step in plain torch."""

    def __init__(self, assembly: Assembly, loss: str) -> None:
        setup, train = assembly.setup, assembly.run.train
        self.generator = copy.deepcopy(setup.generator)
        self.critic = copy.deepcopy(setup.discriminator)
        self.ema = copy.deepcopy(setup.generator).eval()
        self.loss, self.critic_updates, self.batch = (
            loss,
            train.discriminator.steps,
            train.batch_size,
        )
        self.latents = self.generator.sample_latents(1, torch.Generator()).shape[1]
        data = assembly.batches.data
        self.images = torch.from_numpy(data.store.take(data.indices))
        self.optimizers = [
            torch.optim.Adam(module.parameters(), lr=how.lr, betas=how.betas, fused=True)
            for module, how in (
                (self.critic, train.discriminator),
                (self.generator, train.generator),
            )
        ]

    def step(self) -> None:
        for _ in range(self.critic_updates):
            indices = torch.randint(len(self.images), (self.batch,))
            real = self.images[indices].permute(0, 3, 1, 2).float() / 127.5 - 1
            with torch.no_grad():
                fake = self.generator(torch.randn(self.batch, self.latents))
            loss = self.critic_loss(real, fake)
            self.optimizers[0].zero_grad(set_to_none=True)
            loss.backward()
            self.optimizers[0].step()
        for parameter in self.critic.parameters():
            parameter.requires_grad_(False)
        scores = self.critic(self.generator(torch.randn(self.batch, self.latents)))
        loss = -scores.mean() if self.loss == "wgan-gp" else softplus(-scores).mean()
        self.optimizers[1].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[1].step()
        for parameter in self.critic.parameters():
            parameter.requires_grad_(True)
        self.update_ema()

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        on_real, on_fake = self.critic(real), self.critic(fake)
        if self.loss == "non-saturating":
            return softplus(-on_real).mean() + softplus(on_fake).mean()
        mix = torch.rand(len(real), 1, 1, 1)
        x_hat = (mix * real + (1 - mix) * fake).requires_grad_()
        (gradient,) = torch.autograd.grad(self.critic(x_hat).sum(), x_hat, create_graph=True)
        norm = torch.linalg.vector_norm(gradient, dim=(1, 2, 3))
        penalty = (norm - 1).square().mean()
        drift = 0.001 * on_real.square().mean()
        loss: Tensor = on_fake.mean() - on_real.mean() + 10 * penalty + drift
        return loss

    @torch.no_grad()
    def update_ema(self) -> None:
        weights = zip(self.ema.parameters(), self.generator.parameters(), strict=True)
        for averaged, weight in weights:
            averaged.lerp_(weight, 0.01)
        buffers = zip(self.ema.buffers(), self.generator.buffers(), strict=True)
        for copied, buffer in buffers:
            copied.copy_(buffer)


def seconds(step: Callable[[], object], steps: int) -> float:
    """The seconds of a number of steps."""
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return time.perf_counter() - start


def main() -> None:
    """Print the ratio, and the images per second of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loss", choices=list(STEPS), default="non-saturating")
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        assembly, loop, bar = framework(args.loss, args.channels, Path(folder))
        by_hand = ByHand(assembly, args.loss)

        def whole_step() -> None:
            before = loop.progress.position
            loop.trainer.step()
            loop.after_step(before)

        steps = STEPS[args.loss]
        seconds(whole_step, steps), seconds(by_hand.step, steps)  # warm up
        pairs = [
            (seconds(whole_step, steps), seconds(by_hand.step, steps)) for _ in range(args.rounds)
        ]
    bar.on_end()
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    images = steps * by_hand.critic_updates * by_hand.batch
    ours, theirs = (images / statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{args.loss}: the loop takes {ratio:.3f} times as long as by hand", end="")
    print(f" (median of {args.rounds}; {ours:.0f} and {theirs:.0f} images/s)")


if __name__ == "__main__":
    main()
