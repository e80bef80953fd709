"""The text of an identity is read back."""

from __future__ import annotations

import pytest

from ganzoo.data.identity import DataIdentity


def test_the_text_of_an_identity_is_parsed() -> None:
    identity = DataIdentity(10_000, "4737d815")
    assert str(identity) == "10000 (4737d815)"
    assert DataIdentity.parse(str(identity)) == identity


@pytest.mark.parametrize("text", [None, "", "10000", "10000 4737d815", "many (4737d815)"])
def test_other_texts_have_no_identity(text: str | None) -> None:
    assert DataIdentity.parse(text) is None
