from __future__ import annotations

import pytest

from ganzoo.planning.adaptation import RecipeFacts, adapt
from tests.planning.results import planned_images

PLAIN = RecipeFacts(("class",), resists=False, suggested=())


@pytest.mark.parametrize(
    ("changes", "conditional"),
    [
        ({"classes": 5, "condition": "class"}, True),
        ({"classes": 1, "condition": "class"}, False),
        ({"classes": 5, "condition": "classes"}, False),  # the networks do not take them
        ({"classes": 2000, "condition": "class"}, False),  # two images of each
        ({}, False),
    ],
)
def test_classes_are_used_if_the_networks_take_them_and_have_enough_images(
    changes: dict[str, object], conditional: bool
) -> None:
    assert adapt(planned_images(**changes), PLAIN).settings == {"data.conditional": conditional}


@pytest.mark.parametrize(
    ("resists", "suggested", "added"),
    [(False, ["mirror"], True), (True, ["mirror"], False), (False, [], False)],
)
def test_an_augmentation_is_added_for_few_images_unless_the_recipe_has_one(
    resists: bool, suggested: list[str], added: bool
) -> None:
    found = adapt(planned_images(), RecipeFacts((), resists, suggested))
    assert ("augment.mirror" in found.settings) == added
