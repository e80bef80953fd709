from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from ganzoo import DataAddress, RequestError, address_beside, expand_addresses
from ganzoo.remote.address import shown


class Place(BaseModel):
    at: DataAddress


@pytest.mark.parametrize(
    ("pattern", "first", "last", "count"),
    [
        ("a.tar", "a.tar", "a.tar", 1),
        ("s3://b/t-{000..099}.tar", "s3://b/t-000.tar", "s3://b/t-099.tar", 100),
        ("t-{8..11}.tar", "t-8.tar", "t-11.tar", 4),
        ("{train,test}-{0..1}.tar", "train-0.tar", "test-1.tar", 4),
        ("{a,b}", "a", "b", 2),
    ],
)
def test_braces_stand_for_several_addresses(
    pattern: str, first: str, last: str, count: int
) -> None:
    found = expand_addresses(pattern)
    assert (found[0], found[-1], len(found)) == (first, last, count)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a{0..3.tar", "a brace is not closed: write a range as {000..099}"),
        ("a{x}.tar", "write {x} as a range {000..099} or list {a,b}"),
        ("a{9..1}.tar", "write the range {9..1} from low to high"),
        ("a{0..999999999999}", "names more than 100,000 files"),
        ("{0..999}{0..999}", "names more than 100,000 files"),
    ],
)
def test_other_braces_are_refused(pattern: str, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        expand_addresses(pattern)
    assert message in str(refused.value)


def test_paths_become_absolute_and_urls_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Place(at="a/{0..1}.tar").at == str(tmp_path / "a" / "{0..1}.tar")
    for url in ("s3://bucket/a", "https://host/a?signature=1", "hf://datasets/me/a"):
        assert Place(at=url).at == url


@pytest.mark.parametrize(
    "address", ["", "http://me:secret@host/a", "file:///a", "simplecache::s3://bucket/a"]
)
def test_addresses_with_passwords_or_chains_are_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        Place(at=address)


def test_a_file_beside_another_keeps_the_query() -> None:
    assert (
        address_beside("https://host/a/index.json?key=1", "b.npy") == "https://host/a/b.npy?key=1"
    )
    assert address_beside("s3://bucket/index.json", "b.npy") == "s3://bucket/b.npy"
    assert address_beside("/data/index.json", "b.npy") == str(Path("/data/b.npy"))
    assert shown("https://host/a?key=1") == "https://host/a"
