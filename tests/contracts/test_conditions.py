from __future__ import annotations

from typing import Any

import pytest
import torch

from ganzoo import Condition, RequestError

CLASS = Condition("class", ("rose", "tulip, red", "lily"))
CLASSES = Condition("classes", ("round", "red", "big"))
VECTOR = Condition("vector", ("hue", "size"), ((0.0, 1.0), (-2.0, 2.0)))
ALL = [CLASS, CLASSES, VECTOR]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("klass", ("a",)), "the kind of a condition is 'klass': write class, classes or vector"),
        (("class", ()), "give one or more names, each once"),
        (("class", ("a", "a")), "give one or more names, each once"),
        (("classes", ("a",), ((0, 1),)), "1 names and 1 ranges: give one range per value"),
        (("vector", ("a", "b"), ((0, 1),)), "2 names and 1 ranges: give one range per value"),
        (("vector", ("a",), ((1, 1),)), "the range of a is 1 to 1: write LOW < HIGH"),
        (("vector", ("a",), ((0, float("inf")),)), "the range of a is 0 to inf"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        Condition(*arguments)


def test_tensors_have_the_type_and_shape_of_the_kind() -> None:
    for condition, dtype, shape in (
        (CLASS, torch.int64, ()),
        (CLASSES, torch.float32, (3,)),
        (VECTOR, torch.float32, (2,)),
    ):
        examples = condition.examples(5)
        assert (examples.dtype, examples.shape) == (dtype, (5, *shape))
        assert (condition.dtype, condition.shape) == (dtype, shape)
        assert len(examples.unique(dim=0)) >= 3
        for example in examples:
            condition.check(example.tolist())


@pytest.mark.parametrize(
    ("condition", "value", "message"),
    [
        (CLASS, None, r"has no label, but there are 3 classes \(rose, tulip, red, lily\)"),
        (CLASS, 3, "has the label 3, but .*: labels are whole numbers from 0 to 2"),
        (CLASS, 0.5, "has the label 0.5 of type float, not a whole number"),
        (CLASSES, None, r"has no values, but there are 3 classes \(round, red, big\)"),
        (CLASSES, 1, "has the condition 1, not one number for each of 3 classes"),
        (CLASSES, (1, 0), "has 2 values, but there are 3 classes"),
        (CLASSES, (1, 0.5, 0), "has red=0.5: write 1 for yes or 0 for no"),
        (VECTOR, (0.5, "x"), "not one number for each of 2 values"),
        (VECTOR, (0.5, 3), "has size=3, which is not in -2 to 2"),
        (VECTOR, (float("nan"), 0), "has hue=nan, which is not in 0 to 1"),
    ],
)
def test_a_wrong_value_of_an_image_is_refused(
    condition: Condition, value: Any, message: str
) -> None:
    with pytest.raises(RequestError, match=message) as refused:
        condition.check(value)
    assert "\n" not in str(refused.value)


def test_values_are_compared_as_they_are_stored() -> None:
    condition = Condition("vector", ("x",), ((0.7, 0.9),))
    condition.check(torch.tensor([0.7]))  # less than 0.7 as float32
    condition.check([0.9])


def test_a_text_gives_a_condition() -> None:
    assert CLASS.parse("tulip, red").item() == 1
    assert CLASSES.parse("big, round").tolist() == [1, 0, 1]
    assert CLASSES.parse("round=0,red=1,big=0").tolist() == [0, 1, 0]
    assert VECTOR.parse("size=-1.5, hue=0.25").tolist() == [0.25, -1.5]
    assert VECTOR.complete({"hue": 1, "size": 0}).tolist() == [1, 0]
    assert CLASS.complete({"lily": 1}).item() == 2
    for wrong in ({}, {"lily": 0}, {"lily": 1, "rose": 1}):
        with pytest.raises(RequestError, match="each image has one class"):
            CLASS.complete(wrong)
    for condition in ALL:
        for example in condition.examples(3)[1:]:
            assert torch.equal(condition.parse(condition.text(example)), example)


def test_what_a_text_does_not_name_is_drawn() -> None:
    drawn = torch.tensor([[0.1, 1.0], [0.2, 2.0]])
    given = VECTOR.parse("hue=0.5", drawn)
    assert given.tolist() == [[0.5, 1.0], [0.5, 2.0]]
    assert drawn[0, 0] == pytest.approx(0.1)
    assert CLASS.parse("lily", torch.tensor([0, 1])).tolist() == [2, 2]
    both = CLASSES.parse("red=1", torch.tensor([[0.0, 0, 0], [1, 0, 1]]))
    assert both.tolist() == [[0, 1, 0], [1, 1, 1]]
    assert CLASSES.parse("red", both).tolist() == [[0, 1, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("condition", "text", "message"),
    [
        (CLASS, "rsoe", "there is no class called rsoe; did you mean rose"),
        (CLASSES, "round,blue", "there is no class called blue; there are round, red, big"),
        (CLASSES, "round=0.5", "round=0.5: write 1 for yes or 0 for no"),
        (VECTOR, "hue=0.5", "the condition has no value of size: write size=0"),
        (VECTOR, "hue=2,size=0", "hue=2, which is not in 0 to 1"),
        (VECTOR, "hue=x,size=0", "hue=x: write a number, such as hue=0.5"),
        (VECTOR, "hue,size=0", "hue=: write a number"),
        (VECTOR, "tone=1", "there is no value called tone; there are hue, size"),
        (VECTOR, "", "there is no value called "),
    ],
)
def test_a_wrong_text_is_refused(condition: Condition, text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message) as refused:
        condition.parse(text)
    assert "\n" not in str(refused.value)


def test_a_condition_is_stored_as_plain_values() -> None:
    for condition in ALL:
        assert Condition.from_plain(condition.to_plain()) == condition
    assert Condition.from_plain(None) is None
