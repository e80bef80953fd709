"""check_plugin says what docs/writing-a-plugin.md shows for faults that no user would notice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import ganzoo
from ganzoo.testing import check, check_plugin, imports
from ganzoo.testing.fixtures import TinyRun
from ganzoo.testing.problems import Problems
from tests.testing.networks import architecture
from tests.testing.test_component_runs import Fading, plugin
from tests.testing.test_problems import Counting, Unused
from tests.testing.test_runs import Unseeded

PAGE = Path(__file__).parents[2] / "docs" / "writing-a-plugin.md"


def documented() -> dict[str, str]:
    """What is said for each fault in the table."""
    table = PAGE.read_text(encoding="utf-8").split("| the fault | what `check_plugin` says |")[1]
    return dict(re.findall(r"^\| (.+?) \| `(.+)` \|$", table, re.MULTILINE))


def said(component: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        check(component)
    return str(caught.value)


def test_each_documented_problem_is_found(
    tiny_run: TinyRun,
) -> None:
    loss = ganzoo.LossSpec(name="mine", summary="A loss.", factory=Counting)
    darker = ganzoo.AugmentationSpec(name="mine", summary="Darker.", factory=Fading)
    found = [said(loss), said(architecture(discriminator=Unused))]
    with pytest.raises(AssertionError) as caught:
        check_plugin(plugin(darker))
    found.append(str(caught.value))
    with pytest.raises(AssertionError) as caught:
        tiny_run(loss=Unseeded)
    found.append(str(caught.value))
    problems = Problems("plugin mine")
    for result in ({"torch": "losses.py:2", "seconds": 1.4}, {"torch": "", "seconds": 1.4}):
        imports.report(result, problems)
    found += problems.lines
    expected = documented()
    assert len(expected) == len(found)
    for message in expected.values():
        pattern = re.escape(message).replace(re.escape("(...)"), r"\(.*?\)")
        assert any(re.search(pattern, each) for each in found), (message, found)
