from __future__ import annotations

from typing import Any

from ganzoo.attribution import PluginCode
from ganzoo.observers.observer import Observer
from ganzoo.observers.observer_list import ObserverList


class Recorder(Observer):
    def __init__(self) -> None:
        self.messages: list[str] = []

    def on_message(self, message: str) -> None:
        self.messages.append(message)


class Broken(Observer):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def on_train_start(self, step: int, steps: int) -> None:
        raise self.error


def reported(observer: Observer) -> list[str]:
    recorder = Recorder()
    observers = ObserverList([observer])
    observers.add(recorder)
    for _ in range(2):
        observers.notify(lambda each: each.on_train_start(0, 1))
    return recorder.messages


def test_the_first_error_of_an_observer_is_reported_to_the_others() -> None:
    assert reported(Broken(ValueError("bad"))) == ["warning: Broken failed: bad"]


def test_an_error_of_a_plugins_observer_names_the_plugin_and_the_place() -> None:
    broken: Any = Broken(KeyError("loss"))
    broken.plugin_code = PluginCode("observer my/csv", Broken)
    (message,) = reported(broken)
    assert message.startswith("warning: observer my/csv (")
    assert "test_observer_list.py:" in message
    assert message.endswith("KeyError: 'loss'")


def test_a_full_disk_is_no_error_in_the_plugins_code() -> None:
    broken: Any = Broken(OSError(28, "No space left on device"))
    broken.plugin_code = PluginCode("observer my/csv", Broken)
    expected = "warning: observer my/csv cannot write: [Errno 28] No space left on device"
    assert reported(broken) == [expected]


def test_an_error_of_the_network_is_an_error_in_the_plugins_code() -> None:
    broken: Any = Broken(ConnectionRefusedError(111, "Connection refused"))
    broken.plugin_code = PluginCode("observer my/webhook", Broken)
    (message,) = reported(broken)
    assert message.startswith("warning: observer my/webhook (")
    assert message.endswith("ConnectionRefusedError: [Errno 111] Connection refused")
