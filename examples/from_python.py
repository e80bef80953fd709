"""Train a small run, go on with it, and make pictures: from Python, in seconds."""

from ganzoo import load, resume, train

run = train(
    "blossoms",
    "mlp",
    "hinge",
    augment=["flip"],
    folder="runs/first",
    steps=20,
    resolution=16,
    settings={"dataset.count": 256, "architecture.width": 64, "train.generator.lr": 1e-3},
)

run = resume("runs/first", steps=40)

run = load("runs/first")
pictures = run.generate(count=16, seed=7)  # uint8, (16, 3, 16, 16)
print(f"{len(pictures)} pictures after {run.step} steps, in {run.folder}")
