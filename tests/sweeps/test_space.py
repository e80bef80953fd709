from __future__ import annotations

import pytest
from pydantic.fields import FieldInfo

from ganzoo import RequestError
from ganzoo.sweeps.space import (
    Choice,
    Range,
    Space,
    looks_like_range,
    number_field,
    of_json,
    to_json,
)
from tests.sweeps.runs import run


def field(key: str) -> FieldInfo:
    found = number_field(run("mlp"), key)
    assert found
    return found


def of(key: str, text: str) -> Range:
    return Range.of(key, text, field(key))


LR = "train.generator.lr"
WIDTH = "architecture.width"


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        (LR, "1e-5..1e-2", Range(1e-5, 1e-2, False, True, None)),
        (LR, "1e-5..1e-2:linear", Range(1e-5, 1e-2, False, False, None)),
        (LR, "1e-3..2e-3", Range(1e-3, 2e-3, False, False, None)),
        (LR, "1e-3..2e-3:log", Range(1e-3, 2e-3, False, True, None)),
        (LR, "..0.5", Range(0, 0.5, False, False, None)),
        (WIDTH, "16..64", Range(16, 64, True, False, None)),
        (WIDTH, "16..64:16", Range(16, 64, True, False, 16)),
        (WIDTH, "16..70:16", Range(16, 64, True, False, 16)),
        ("train.discriminator.steps", "2..", Range(2, 1000, True, True, None)),
        ("train.ema.decay", "0.9..0.999", Range(0.9, 0.999, False, False, None)),
        ("train.others.encoder.lr", "1e-5..1e-2", Range(1e-5, 1e-2, False, True, None)),
        ("regularize.drift.weight", "0.1..10", Range(0.1, 10, False, True, None)),
    ],
)
def test_a_range_is_read(key: str, text: str, expected: Range) -> None:
    found = number_field(run("mlp", "wgan-gp"), key)
    assert found
    assert Range.of(key, text, found) == expected


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        (LR, "1e-5..", "the option has no upper bound: write both"),
        (LR, "1e-2..1e-5", "the range has no values"),
        (LR, "0..1:log", "a logarithmic range begins above 0"),
        (LR, "1..2:3", "the range has no values"),
        (WIDTH, "4.5..8", "the option is a whole number"),
    ],
)
def test_a_wrong_range_is_refused(key: str, text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        of(key, text)


@pytest.mark.parametrize("key", ["train.generator.optimizer", "train.generator.betas", "no.such"])
def test_only_numbers_have_ranges(key: str) -> None:
    assert number_field(run(), key) is None


@pytest.mark.parametrize("text", ["..", "../images", "1.5", "a..b", "1..2..3", "1e-3 -> 0"])
def test_paths_numbers_and_schedules_are_no_ranges(text: str) -> None:
    assert not looks_like_range(text)


def test_values_are_written_exactly_and_shown_short() -> None:
    lr, width = of(LR, "1e-5..1e-2"), of(WIDTH, "16..64")
    assert float(lr.text(0.1 + 0.2)) == 0.1 + 0.2
    assert (lr.label(0.00123456), width.text(32.0)) == ("0.001235", "32")


def test_a_space_is_read_as_written() -> None:
    space: Space = {
        LR: of(LR, "1e-5..1e-2"),
        WIDTH: of(WIDTH, "16..64:16"),
        "loss": Choice(("a", "b")),
    }
    assert of_json(to_json(space)) == space
    assert [str(each) for each in space.values()] == [
        "1e-05 to 0.01, logarithmic",
        "whole numbers, 16 to 64, in steps of 16",
        "a or b",
    ]
