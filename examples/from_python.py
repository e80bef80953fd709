"""Train a small run, resume it, generate images and evaluate it from Python, in seconds."""

import ganzoo

run = ganzoo.train(
    "blossoms",
    "mlp",
    "hinge",
    augment=["flip"],
    run_dir="runs/first",
    steps=20,
    resolution=16,
    settings={"dataset.count": 256, "architecture.width": 64, "train.generator.lr": 1e-3},
)

run = ganzoo.resume(run, steps=40)

run = ganzoo.load("runs/first")
images = run.generate(count=16, seed=7)  # uint8, (16, 3, 16, 16)
run.grid(count=16, seed=7).save("runs/first/grid.png")
print(f"{len(images)} images after {run.step} steps, in {run.folder}")

evaluation = ganzoo.evaluate(run, metrics=["swd"], samples=64)
print(evaluation.scalars)
