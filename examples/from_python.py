"""Train a small run with a callback, resume it, sample from it and measure it, in seconds."""

from collections.abc import Mapping

import ganzoo

losses: list[float] = []


def on_report(step: int, scalars: Mapping[str, float]) -> None:
    """Keep and print the loss of the generator."""
    losses.append(scalars["loss/generator"])
    print(f"step {step}: generator {losses[-1]:.3f}")


run = ganzoo.train(
    "blossoms",
    "mlp",
    "hinge",
    augment=["flip"],
    run_dir="runs/first",
    steps=20,
    resolution=16,
    on_report=on_report,
    settings={"dataset.count": 256, "architecture.width": 64, "log.every": 10},
)
run = ganzoo.resume(run, steps=40, on_report=on_report)

loaded = ganzoo.load("runs/first")  # or an exported generator: "first.safetensors"
images = loaded.generate(count=16, seed=7)  # uint8, (16, 3, 16, 16)
loaded.grid(count=16, seed=7).save("runs/first/grid.png")
print(f"{len(images)} images after {loaded.step} steps, in {loaded.source}")

print(ganzoo.evaluate(loaded, metrics=["swd"], samples=64).scalars)
