from __future__ import annotations

import signal
import threading

import pytest

from ganzoo.training.stopping import stop_requests


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop_and_says_so(number: signal.Signals) -> None:
    told: list[str] = []
    before = signal.getsignal(number)
    with stop_requests(told.append) as stopping:
        assert not stopping()
        signal.raise_signal(number)
        assert stopping()
        assert len(told) == 1
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_leaves_at_once() -> None:
    with stop_requests(lambda message: None):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_outside_the_main_thread_nothing_is_touched() -> None:
    answers: list[bool] = []

    def ask() -> None:
        with stop_requests(lambda message: None) as stopping:
            answers.append(stopping())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert answers == [False]
