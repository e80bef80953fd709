from __future__ import annotations

import pytest
import torch

from ganzoo import RequestError
from ganzoo.sections import TrainOptions
from ganzoo.training.engine import Engine


def test_an_engine_of_one_process_on_the_cpu() -> None:
    engine = Engine(TrainOptions(device="cpu"))
    assert engine.device == torch.device("cpu")
    assert (engine.rank, engine.processes, engine.is_main) == (0, 1, True)
    assert engine.any(True)
    assert not engine.any(False)
    assert engine.broadcast("x") == "x"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "mps"])
def test_a_device_that_is_not_available_is_refused(device: str) -> None:
    with pytest.raises(RequestError, match=f"train.device={device}"):
        Engine(TrainOptions(device=device))


def test_a_batch_that_cannot_be_split_into_equal_parts_is_refused() -> None:
    with pytest.raises(RequestError, match=r"train\.batch_size=7 cannot be split into"):
        Engine(TrainOptions(device="cpu", batch_size=7, devices=2))


def test_slow_bf16_gives_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False, raising=False)
    with pytest.warns(UserWarning, match="no native bf16"):
        Engine(TrainOptions(device="cpu", precision="bf16"))
