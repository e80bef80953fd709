from __future__ import annotations

import signal
import threading
import time

import pytest

from ganzoo.errors import Stopped
from ganzoo.training.stopping import stop_requests


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_requests_a_stop_and_shows_a_message(number: signal.Signals) -> None:
    messages: list[str] = []
    before = signal.getsignal(number)
    with stop_requests(messages.append) as stopping:
        assert not stopping()
        signal.raise_signal(number)
        assert stopping()
        assert len(messages) == 1
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_exits_immediately() -> None:
    with stop_requests(lambda message: None):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_after_another_signal_counts_as_the_first() -> None:
    with stop_requests(lambda message: None) as stopping:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert stopping()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_an_ignored_ctrl_c_stays_ignored_after_another_signal() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does with `&`
    try:
        with stop_requests(lambda message: None):
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with stop_requests(lambda message: None) as stopping:
            signal.raise_signal(signal.SIGHUP)
            assert not stopping()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_without_anything_to_save_a_stop_is_immediate() -> None:
    with stop_requests(lambda message: None) as stopping:
        with pytest.raises(Stopped), stopping.immediately():
            signal.raise_signal(signal.SIGTERM)
        assert stopping()
        with pytest.raises(Stopped), stopping.immediately():
            raise AssertionError("the earlier request was lost")


@pytest.mark.parametrize("at_once", [False, True])
def test_the_time_limit_requests_a_stop(at_once: bool) -> None:
    messages: list[str] = []
    with stop_requests(messages.append) as stopping, stopping.after(0.2, "time is over"):
        if at_once:
            with pytest.raises(Stopped, match="time is over"), stopping.immediately():
                time.sleep(10)
        else:
            deadline = time.monotonic() + 10
            while not stopping() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert messages == ["time is over: stopping after this step"]


def test_nested_contexts_share_the_request() -> None:
    with stop_requests(lambda message: None) as outer:
        with stop_requests(lambda message: None) as inner:
            signal.raise_signal(signal.SIGTERM)
            assert inner()
        assert outer()


def test_outside_the_main_thread_no_handler_is_set() -> None:
    answers: list[bool] = []

    def ask() -> None:
        with stop_requests(lambda message: None) as stopping:
            answers.append(stopping())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert answers == [False]


def test_a_time_limit_in_another_thread_sends_no_signal_to_the_program() -> None:
    signals: list[int] = []
    found: list[bool] = []

    def prepare() -> None:
        with stop_requests(lambda message: None) as stopping, stopping.immediately():
            stopping._on_time_limit("time is over")
            found.append(stopping())

    before = signal.signal(signal.SIGTERM, lambda number, frame: signals.append(number))
    try:
        thread = threading.Thread(target=prepare)
        thread.start()
        thread.join()
        time.sleep(0)  # a handler runs between two instructions
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (found, signals) == ([True], [])
