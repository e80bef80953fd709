from __future__ import annotations

from ganzoo.run import Run
from ganzoo.settings import Settings


def run(architecture: str = "dcgan", loss: str = "hinge") -> Run:
    settings = Settings()
    settings.add({"dataset": "blossoms", "architecture": architecture, "loss": loss}, "here")
    return Run.resolve(settings)
