"""One process, several processes, and pieces of a batch compute the same."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.equality.processes import Split, State, difference, load
from tests.equality.suite import IMAGES, NAMES, splits_of
from tests.sameness import same

ROOT = Path(__file__).parents[2]
BOUND = 1e-10
"""The largest difference in float64 that sums in another order explain."""
REASONS = ("batch norm", "minibatch standard deviation", "the generated images of")
"""Why pieces of a batch are refused."""

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its processes"),
    pytest.mark.timeout(600),  # the first test waits for all computations
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> State:
    """What 1, 2 and 3 processes have computed, once for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "equality"
    ended = folder / "ended"
    try:
        folder.mkdir()
    except FileExistsError:
        while not ended.exists():
            time.sleep(0.2)
        return load(folder)
    try:
        _compute(folder)
    finally:
        ended.touch()
    return load(folder)


def _compute(folder: Path) -> None:
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "tests.equality.suite", str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


PAIRS = [(name, split) for name in NAMES for split in splits_of(name)[1:]]


@pytest.mark.parametrize(("name", "split"), PAIRS, ids=str)
def test_a_split_batch_computes_the_same_as_a_whole_one(
    name: str, split: Split, found: State
) -> None:
    whole, parts = found[f"{name} 1x1"], found[f"{name} {split}"]
    if isinstance(parts, str):  # why it is refused
        assert split.accumulate > 1
        assert any(reason in parts for reason in REASONS), parts
        return
    assert difference(whole, parts) < BOUND
    weights = [value for key, value in whole.items() if key.endswith("weight")]
    assert {weight.dtype for weight in weights} == {torch.float64}


def test_everything_stateful_is_the_same_in_all_processes_after_100_steps(found: State) -> None:
    progress = {key: value for key, value in found["long"].items() if key.startswith(".progress")}
    assert progress[".progress.step"] == 100


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_run_of_two_processes_resumes_with_any_number(count: int, found: State) -> None:
    assert difference(found["straight 1"], found[f"resumed {count}"]) < BOUND
    assert found[f"position {count}"] == found["position 1"]
    if count == 2:
        assert same(found["straight 2"], found["resumed 2"])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_blocks_of_images_are_computed_once_in_their_order(count: int, found: State) -> None:
    assert torch.equal(found[f"rows {count}"], torch.arange(IMAGES))
    amounts = found[f"amounts {count}"].tolist()
    assert sum(amounts) == IMAGES
    assert min(amounts) > 0
    assert found[f"errors {count}"] == ["it broke"]


def test_an_evaluation_has_the_same_metrics_to_the_bit(found: State) -> None:
    one, two, three = (found[f"metrics {count}"] for count in (1, 2, 3))
    assert {name for name, _, _ in one} >= {"fd", "moments/mean"}
    assert one == two == three
