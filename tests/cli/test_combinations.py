from __future__ import annotations

import pytest

from ganzoo import RequestError
from ganzoo.cli.combinations import combinations, split
from ganzoo.cli.request import Words


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("64", ["64"]),
        ("64,128", ["64", "128"]),
        ("[0,0.9],[0.5,0.999]", ["[0,0.9]", "[0.5,0.999]"]),
        ("[[1,2],[3]],4", ["[[1,2],[3]]", "4"]),
        ('"rose,tulip"', ['"rose,tulip"']),
        ('"a","b,c"', ['"a"', '"b,c"']),
        (r'"a\",b",c', [r'"a\",b"', "c"]),
        ('["]",1],2', ['["]",1]', "2"]),
        ('5",6', ['5"', "6"]),
        ("a],b", ["a]", "b"]),
        ("1,", ["1", ""]),
        ("", [""]),
    ],
)
def test_a_list_is_split_outside_of_brackets_and_quotes(text: str, values: list[str]) -> None:
    assert split(text) == values


def test_the_first_list_is_the_slowest() -> None:
    words = Words.of(["seed=0,1", "flowers", "base.toml", "dcgan,mlp", "hinge", "train.steps=5"])
    found = combinations(words)
    assert [one.differs for one in found] == [
        {"architecture": "dcgan", "seed": "0"},
        {"architecture": "dcgan", "seed": "1"},
        {"architecture": "mlp", "seed": "0"},
        {"architecture": "mlp", "seed": "1"},
    ]
    assert found[2].words == Words(
        ("base.toml",), ("flowers", "mlp", "hinge"), ("seed=0", "train.steps=5")
    )


def test_without_a_list_there_is_one() -> None:
    words = Words.of(["seed=3"])
    assert combinations(words) == [(words, {})]


@pytest.mark.parametrize(
    "arguments", [["seed=0,1", "seed=2"], ["a", "b", "c,d", "loss=e"], ["loss.name=a", "loss=b,c"]]
)
def test_a_list_that_is_overruled_is_refused(arguments: list[str]) -> None:
    with pytest.raises(RequestError, match="is given twice, once as a list"):
        combinations(Words.of(arguments))
