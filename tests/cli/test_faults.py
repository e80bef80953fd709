"""For each fault of a plugin, a user sees the message that docs/plugins.md shows for it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.conftest import Ganzoo

DOCS = Path(__file__).parents[2] / "docs" / "plugins.md"

HEAD = """\
import torch
from ganzoo import LossSpec, Networks, Observer, ObserverSpec, ArchitectureSpec, hookimpl
from torch.nn.functional import softplus
"""
LOSS = """\
class Mine:
    independent_scores = False
    calls = 0
    def __init__(self, options):
        pass
    def discriminator(self, scores):
        return {"score": softplus(scores.fake).mean() + softplus(-scores.real).mean()}
    def generator(self, scores):
        Mine.calls += 1
        return {"score": softplus(-scores.fake).mean()}
"""
HOOK = """\
@hookimpl
def ganzoo_losses():
    return [LossSpec(name="mine", summary="Mine.", factory=Mine)]
"""
LIST = ("list", "losses")
TRAIN = ("train", "blossoms", "mlp")


class Fault(NamedTuple):
    code: str
    command: tuple[str, ...] = (*TRAIN, "mine")
    file: str = "my_gan.py"


def loss(old: str, new: str) -> str:
    """The plugin of a loss, changed in one place."""
    code = HEAD + LOSS + HOOK
    assert old in code
    return code.replace(old, new)


FAULTS = {
    "a module that it imports is missing": Fault("import absent_module", LIST),
    "a hook has a misspelled name": Fault(loss("ganzoo_losses", "ganzoo_loses"), LIST),
    "a hook has a misspelled name and is not decorated": Fault(
        loss("@hookimpl\ndef ganzoo_losses", "def ganzoo_loses"), LIST
    ),
    "a hook is not decorated": Fault(loss("@hookimpl\n", ""), LIST),
    "a hook returns something else": Fault(loss("return [", "return Mine, ["), LIST),
    "a declaration is wrong": Fault(loss('name="mine"', 'name="My Loss"'), LIST),
    "a hook raises an error": Fault(loss("    return [", "    1 / 0\n    return ["), LIST),
    "two of its components have the same name": Fault(
        HEAD + LOSS + HOOK.replace("return [", "return 2 * ["), LIST
    ),
    "another plugin has the same name": Fault(HEAD + LOSS + HOOK, LIST, file="wgan.py"),
    "another plugin's component has the same name": Fault(
        loss('"mine"', '"hinge"'), (*TRAIN, "hinge")
    ),
    "a factory cannot be imported": Fault(loss("factory=Mine", 'factory="my_gan:Yours"')),
    "a factory raises an error": Fault(loss("        pass", "        1 / 0")),
    "a factory returns something else": Fault(loss("factory=Mine", "factory=lambda options: 3")),
    "a method is missing or has a misspelled name": Fault(loss("def generator", "def genrator")),
    "an optional method has a misspelled name": Fault(
        loss("    calls = 0", "    def constrian(self, discriminator): ...\n    calls = 0")
    ),
    "a term has the wrong shape": Fault(
        loss("softplus(-scores.fake).mean()", "softplus(-scores.fake)")
    ),
    "a term has no gradient": Fault(
        loss("softplus(-scores.fake).mean()", "scores.fake.mean().detach()")
    ),
    "a term is NaN": Fault(
        loss("softplus(-scores.fake).mean()", "scores.fake.mean() * float('nan')")
    ),
    "it raises an error while a run trains": Fault(
        loss("Mine.calls += 1", "Mine.calls += 1; Mine.calls < 3 or 1 / 0")
    ),
    "an observer raises an error": Fault(
        HEAD
        + """\
class Mine(Observer):
    def __init__(self, options, run): ...
    def on_report(self, step, scalars):
        scalars["loss/critic"]
@hookimpl
def ganzoo_observers():
    return [ObserverSpec(name="mine", summary="Mine.", factory=Mine)]
""",
        (*TRAIN, "hinge", "observe.mine=true"),
    ),
    "a metric raises an error": Fault(
        HEAD
        + """\
from ganzoo import MetricSpec, MetricValue
class Mine:
    def __init__(self, options): ...
    calls = 0
    def __call__(self, real, fake):
        Mine.calls += 1
        return {"mine": MetricValue(1 / (3 - Mine.calls), len(fake))}
@hookimpl
def ganzoo_metrics():
    return [MetricSpec(name="mine", summary="Mine.", factory=Mine)]
""",
        (*TRAIN, "hinge", "evaluate.every=1", "evaluate.metrics=mine", "evaluate.samples=8"),
    ),
}
SMALL = (
    *("--device", "cpu", "--resolution", "8", "--steps", "2", "--batch-size", "8"),
    *("sample.count=4", "dataset.count=16", "architecture.width=4", "log.every=1"),
)


@pytest.fixture(autouse=True)
def forgotten_modules() -> Iterator[None]:
    """Each plugin is imported anew."""
    yield
    for name in ("my_gan", "wgan"):
        sys.modules.pop(name, None)


def documented() -> dict[str, tuple[str, int]]:
    """The message and the exit status of each fault in the table."""
    section = DOCS.read_text(encoding="utf-8").split("## What a fault of a plugin looks like")[1]
    rows = re.findall(r"^\| (.+?) \| `(.+)` \| (\d) \|$", section, re.MULTILINE)
    return {fault: (message, int(status)) for fault, message, status in rows}


def test_every_documented_fault_is_tried() -> None:
    assert list(documented()) == list(FAULTS)


@pytest.mark.filterwarnings("default:Mine has no method constrain:UserWarning")
@pytest.mark.parametrize("name", FAULTS)
def test_a_user_sees_the_documented_message(
    name: str, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    fault, (message, status) = FAULTS[name], documented()[name]
    (tmp_path / fault.file).write_text(fault.code)
    more = SMALL if fault.command[0] == "train" else ()
    done = ganzoo_command(*fault.command, *more, "--plugin", fault.file)
    lines = done.err.replace(f"{tmp_path}/", "").splitlines()
    shown = [line for line in lines if line.startswith(("error: ", "warning: "))]
    assert len(shown) == 1, done
    assert shown[0].removesuffix(" (`ganzoo --traceback ...` shows where)") == message
    assert done.status == status
