from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganzoo.sections import TrainOptions
from ganzoo.training.engine import Engine

SCRIPT = """
import json
from pathlib import Path

import torch
from torch import distributed, nn

from ganzoo.sections import TrainOptions
from ganzoo.training.collectives import ProcessesDiffer
from ganzoo.training.engine import Engine

engine = Engine(TrainOptions(device="cpu", devices=2))
rank = engine.rank
calls = []
original = distributed.all_reduce
distributed.all_reduce = lambda *args, **more: (calls.append(1), original(*args, **more))[1]

rows = torch.tensor([[rank, 10.0 + rank]], requires_grad=True)
gathered = engine.gather(rows)
bits = engine.gather(torch.tensor([rank == 0, True]))

single = torch.tensor([1.0, 3.0]) * (rank + 1)
double, scalar = torch.tensor([[rank + 2**-40]], dtype=torch.float64), torch.tensor(4.0 * rank)
engine.average_([single, double, scalar])
engine.average_([])
averages = len(calls)

kept = torch.tensor([2.0 * rank])
mean = engine.mean(kept)

both, first, second, neither = (nn.Parameter(torch.ones(2)) for _ in range(4))
both.grad = torch.tensor([1.0, 2.0]) * (rank + 1)
(first, second)[rank].grad = torch.tensor([4.0, 8.0])
precise = nn.Parameter(torch.ones(1, dtype=torch.float64))
precise.grad = torch.tensor([1e-12 * (rank + 1)], dtype=torch.float64)
transposed = nn.Parameter(torch.ones(1, 2, 3, 3).to(memory_format=torch.channels_last))
transposed.grad = torch.arange(18.0).view(1, 2, 3, 3).to(memory_format=torch.channels_last)
parameters = [both, first, second, neither, precise, transposed]
calls.clear()
engine.average_gradients(parameters)
engine.average_gradients([])


def differing(digests):
    try:
        engine.require_same(digests)
    except ProcessesDiffer as error:
        return str(error)
    return ""


result = {
    "gathered": gathered.tolist(),
    "has gradient": gathered.requires_grad,
    "bits": bits.tolist(),
    "average": [single.tolist(), double.tolist(), scalar.tolist()],
    "dtypes": [str(tensor.dtype) for tensor in (single, double)],
    "averages": averages,
    "mean": [kept.tolist() == [2.0 * rank], mean.tolist()],
    "gradients": [p.grad if p.grad is None else p.grad.tolist() for p in parameters],
    "layout": transposed.grad.is_contiguous(memory_format=torch.channels_last),
    "reductions": len(calls),
    "differing": differing({"a": "x", "b": str(rank), **({"c": "y"} if rank else {})}),
    "same": differing({"a": "x", "b": "y"}),
    "any": [engine.any(rank == 1), engine.any(False)],
}
Path(f"rank-{rank}.json").write_text(json.dumps(result))
engine.broadcast(None)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two processes has computed."""
    folder = tmp_path_factory.mktemp("processes")
    (folder / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(Path(folder, f"rank-{rank}.json").read_text()) for rank in (0, 1)]


def test_every_process_gets_the_same_results(results: list[dict[str, Any]]) -> None:
    assert results[0] == results[1]


def test_gathered_tensors_are_in_the_order_of_the_ranks(results: list[dict[str, Any]]) -> None:
    assert results[0]["gathered"] == [[0, 10], [1, 11]]
    assert results[0]["bits"] == [True, True, False, True]
    assert not results[0]["has gradient"]


def test_tensors_are_averaged_in_place_in_one_all_reduce(results: list[dict[str, Any]]) -> None:
    assert results[0]["average"] == [[1.5, 4.5], [[0.5 + 2**-40]], 2]
    assert results[0]["dtypes"] == ["torch.float32", "torch.float64"]
    assert results[0]["averages"] == 1


def test_a_mean_leaves_its_argument_unchanged(results: list[dict[str, Any]]) -> None:
    assert results[0]["mean"] == [True, [1]]


def test_gradients_are_averaged_and_one_that_no_process_has_stays_none(
    results: list[dict[str, Any]],
) -> None:
    both, first, second, neither, precise, _ = results[0]["gradients"]
    assert both == [1.5, 3]
    assert first == second == [2, 4]  # zero in the process that did not use the parameter
    assert neither is None
    assert precise == [1.5e-12]


def test_gradients_of_one_all_reduce_keep_their_memory_format(
    results: list[dict[str, Any]],
) -> None:
    assert results[0]["gradients"][-1] == torch.arange(18.0).view(1, 2, 3, 3).tolist()
    assert results[0]["layout"]
    assert results[0]["reductions"] == 1


def test_what_differs_between_processes_is_named_with_the_ranks(
    results: list[dict[str, Any]],
) -> None:
    expected = "these differ from those of rank 0: b (rank 1); c (rank 1)"
    assert results[0]["differing"] == expected
    assert results[0]["same"] == ""


def test_any_is_true_if_one_process_says_so(results: list[dict[str, Any]]) -> None:
    assert results[0]["any"] == [True, False]


def test_one_process_changes_nothing() -> None:
    engine = Engine(TrainOptions(device="cpu"))
    unused, tensor = nn.Parameter(torch.ones(2)), torch.ones(2, requires_grad=True)
    engine.average_gradients([unused])
    engine.average_([tensor])
    engine.require_same({"a": "x"})
    assert unused.grad is None
    assert tensor.tolist() == [1, 1]
    gathered = engine.gather(tensor)
    assert gathered.data_ptr() == tensor.data_ptr()
    assert not gathered.requires_grad


def test_the_average_of_equal_tensors_of_three_processes_has_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tensor = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    before = tensor.clone()
    assert not torch.equal((before + before + before) / 3, before)
    monkeypatch.setattr(Engine, "processes", 3)
    monkeypatch.setattr(
        torch.distributed, "all_reduce", lambda flat: flat.copy_(flat + flat + flat)
    )
    Engine(TrainOptions(device="cpu")).average_([tensor])
    assert torch.equal(tensor, before)
