from __future__ import annotations

import pytest

from ganzoo import RequestError
from ganzoo.cli.combinations import combinations, split
from ganzoo.cli.request import Arguments


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
def test_lists_are_split_outside_brackets_and_quotes(text: str, values: list[str]) -> None:
    assert split(text) == values


def test_the_first_list_varies_slowest() -> None:
    arguments = Arguments.of(
        ["seed=0,1", "flowers", "base.toml", "dcgan,mlp", "hinge", "train.steps=5"]
    )
    found = combinations(arguments)
    assert [one.differs for one in found] == [
        {"architecture": "dcgan", "seed": "0"},
        {"architecture": "dcgan", "seed": "1"},
        {"architecture": "mlp", "seed": "0"},
        {"architecture": "mlp", "seed": "1"},
    ]
    assert found[2].arguments == Arguments(
        ("base.toml",), ("flowers", "mlp", "hinge"), ("seed=0", "train.steps=5")
    )


def test_arguments_without_a_list_are_one_combination() -> None:
    arguments = Arguments.of(["seed=3"])
    assert combinations(arguments) == [(arguments, {})]


@pytest.mark.parametrize(
    "arguments", [["seed=0,1", "seed=2"], ["a", "b", "c,d", "loss=e"], ["loss.name=a", "loss=b,c"]]
)
def test_a_setting_with_a_list_given_twice_is_refused(arguments: list[str]) -> None:
    with pytest.raises(RequestError, match="is given twice, once as a list"):
        combinations(Arguments.of(arguments))
