from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from ganzoo.errors import RequestError
from ganzoo.new_plugin.names import PluginNames, check_name


def refusal(name: str, kind: str = "loss") -> str:
    with pytest.raises(RequestError) as refused:
        check_name(name, kind, PluginNames(name, kind))
    return str(refused.value)


@pytest.mark.parametrize("name", ["a", "x2", "my-loss", "w" * 24])
def test_a_good_name_is_allowed(name: str) -> None:
    check_name(name, "loss", PluginNames(name, "loss"))


@pytest.mark.parametrize(
    "name", ["", "My-loss", "my_loss", "-a", "a-", "a--b", "3d", "ä", "a b", "a\n", "../a", "a/b"]
)
def test_a_name_of_another_form_is_refused(name: str) -> None:
    assert "lower-case-with-hyphens" in refusal(name)


def test_a_name_that_is_too_long_is_refused() -> None:
    assert "longer than 24 characters" in refusal("w" * 25)


@pytest.mark.parametrize("name", ["random", "json", "concurrent"])
def test_a_module_of_python_is_refused(name: str) -> None:
    assert refusal(name) == (
        f"the name {name} is that of a module of Python: choose another, such as my-{name}"
    )


@pytest.mark.parametrize(
    ("name", "kind"), [("python", "loss"), ("growing", "architecture"), ("bulk", "dataset")]
)
def test_a_name_with_a_meaning_in_ganzoo_is_refused(name: str, kind: str) -> None:
    assert "has another meaning in ganzoo" in refusal(name, kind)


@pytest.mark.parametrize(
    ("name", "kind", "taken"),
    [
        ("dcgan", "loss", "the plugin dcgan"),
        ("toolkit", "loss", "the package ganzoo-toolkit"),
        ("hinge", "loss", "the loss adversarial/hinge"),
    ],
)
def test_an_installed_name_is_refused(name: str, kind: str, taken: str) -> None:
    assert refusal(name, kind).startswith(f"{taken} is installed already: choose another")


def test_the_name_of_a_component_of_another_kind_is_allowed() -> None:
    check_name("hinge", "metric", PluginNames("hinge", "metric"))


def test_a_plugin_from_elsewhere_counts_as_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints([EntryPoint("mine", "mine", "ganzoo")])
    monkeypatch.setattr("ganzoo.new_plugin.names.entry_points", lambda group: points)
    assert refusal("mine").startswith("the plugin mine is installed already")


def test_a_class_is_named_after_the_plugin_and_its_kind() -> None:
    assert PluginNames("my-loss", "loss").class_name == "MyLoss"
    assert PluginNames("soft-edge", "loss").class_name == "SoftEdgeLoss"
    assert PluginNames("none", "loss").class_name == "NoneLoss"
