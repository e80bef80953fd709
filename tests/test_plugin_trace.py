from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

import ganzoo
from ganzoo.registry import Plugin, Registry

DECLARATION = """
import ganzoo

class Weighted(ganzoo.Options):
    weight: float = 2.0

class Plain:
    independent_scores = False
    def __init__(self, options):
        if options.weight > 5:
            raise ValueError("the weight is too large")
    def discriminator(self, scores):
        return {}
    def generator(self, scores):
        return {}

@ganzoo.hookimpl
def ganzoo_losses():
    yield ganzoo.LossSpec(name="plain", summary="A loss.", factory=Plain, options=Weighted)
    yield ganzoo.LossSpec(name="other", summary="A loss.", factory=Plain)
"""
TIME = r"in \d+\.\d ms"


@pytest.fixture
def module() -> ModuleType:
    made = ModuleType("traced_gan")
    exec(compile(DECLARATION, "traced_gan.py", "exec"), made.__dict__)
    return made


def test_a_call_of_a_hook_is_printed_with_plugin_result_and_time(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GANZOO_TRACE_PLUGINS", "1")
    Registry().register(module, Plugin("tracing", "ganzoo-tracing", "1.0"))
    (line,) = capsys.readouterr().err.splitlines()
    call = re.escape("trace: tracing: ganzoo_losses() -> [loss plain, loss other] ")
    assert re.fullmatch(call + TIME, line)


def test_a_call_of_a_factory_is_printed_with_its_arguments_or_its_error(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = Registry()
    registry.register(module, Plugin("tracing", "ganzoo-tracing", "1.0"))
    entry = registry.find("loss", "plain")
    monkeypatch.setenv("GANZOO_TRACE_PLUGINS", "1")
    entry.build(module.Weighted())
    with pytest.raises(ganzoo.RequestError):
        entry.build(module.Weighted(weight=6))
    built, refused = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        re.escape("trace: tracing: loss plain(Weighted(weight=2.0)) -> Plain ") + TIME, built
    )
    reason = "raised RequestError: loss plain: the weight is too large "
    assert reason in refused


def test_a_hook_that_fails_is_printed_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GANZOO_TRACE_PLUGINS", "1")
    file = tmp_path / "failing_traced_gan.py"
    file.write_text("import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n    return 1 / 0\n")
    Registry.discover(files=[file])
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("trace: wgan-gp: ganzoo_losses() -> [loss")]
    expected = "trace: failing-traced-gan: ganzoo_losses() -> raised ZeroDivisionError: division"
    assert [line for line in lines if line.startswith(expected)]


def test_nothing_is_printed_without_the_variable(
    module: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    Registry().register(module, Plugin("tracing", "ganzoo-tracing", "1.0"))
    assert capsys.readouterr().err == ""
