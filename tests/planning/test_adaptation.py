from __future__ import annotations

import pytest

from ganzoo.planning.adaptation import RecipeFacts, adapt
from tests.planning.results import planned_images

PLAIN = RecipeFacts(("class",), resists=False, suggested=())


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({"classes": 5, "condition": "class"}, True),
        ({"classes": 1, "condition": "class"}, False),
        ({"classes": 5, "condition": "classes"}, False),  # the networks do not take them
        ({}, False),
    ],
)
def test_classes_are_offered_if_the_networks_take_them(
    changes: dict[str, object], offered: bool
) -> None:
    found = adapt(planned_images(**changes), PLAIN)
    assert found.settings == {"data.conditional": False}
    assert any("data.conditional=true" in words for words in found.words) == offered


@pytest.mark.parametrize(
    ("resists", "suggested", "added"),
    [(False, ["mirror"], True), (True, ["mirror"], False), (False, [], False)],
)
def test_an_augmentation_is_added_for_few_images_unless_the_recipe_has_one(
    resists: bool, suggested: list[str], added: bool
) -> None:
    found = adapt(planned_images(), RecipeFacts((), resists, suggested))
    assert ("augment.mirror" in found.settings) == added
