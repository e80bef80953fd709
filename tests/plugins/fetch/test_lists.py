from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ganzoo import RequestError
from ganzoo_fetch import lists
from ganzoo_fetch.lists import Entry, Keys, read_list

TWO = [Entry("http://a/1", "a rose", "red"), Entry("http://a/2", "", "")]
KEYS = Keys("image", "text", "kind")


def entries(path: Path, keys: Keys) -> list[Entry]:
    parsed, malformed = read_list(path, keys)
    assert not malformed
    return parsed


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "list.json",
            '[{"image": "http://a/1", "text": "a rose", "kind": "red"}, {"image": " http://a/2 "}]',
        ),
        (
            "list.jsonl",
            '{"image": "http://a/1", "text": "a rose", "kind": "red"}\n\n'
            '{"image": "http://a/2", "text": null}',
        ),
        ("list.csv", "kind,image,text\r\nred,http://a/1,a rose\r\n\r\n,http://a/2,\r\n"),
        ("list.txt", '\n"image";"text";"kind"\n"http://a/1";"a rose";"red"\nhttp://a/2;;\n'),
        ("list.tsv", "image\ttext\tkind\nhttp://a/1\ta rose\tred\nhttp://a/2\t\t\n"),
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_format_of_a_list_is_detected_from_its_content(
    name: str, text: str, mark: str, tmp_path: Path
) -> None:
    assert entries(written(tmp_path / name, mark + text), KEYS) == TWO


def test_plain_text_has_comments_and_keeps_fragments_of_urls(tmp_path: Path) -> None:
    text = "# images\r\nhttp://a/1#here\r\n\r\n  http://a/2  # the second\n#end"
    found = entries(written(tmp_path / "list", text), Keys())
    assert found == [Entry("http://a/1#here"), Entry("http://a/2")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "# two\nhttp://a/1\nhttp://a/2\n"),
        ("a.csv", "url,kind\nhttp://a/1,x\nhttp://a/2,y\n"),
        ("a.jsonl", '{"url": "http://a/1"}\n{"url": "http://a/2"}\n'),
    ],
)
def test_all_line_endings_are_read(name: str, text: str, end: str, tmp_path: Path) -> None:
    found = entries(written(tmp_path / name, text.replace("\n", end)), Keys())
    assert found == [Entry("http://a/1"), Entry("http://a/2")]


def test_descriptions_may_contain_any_text(tmp_path: Path) -> None:
    text = 'url,description\nhttp://a/1,"a ""rose"",\nand a bee"\n'
    assert entries(written(tmp_path / "a.csv", text), Keys()) == [
        Entry("http://a/1", 'a "rose",\nand a bee')
    ]
    lines = '{"url": "http://a/1", "description": "half \\ud800 a \\u2028 pair"}\n'
    (entry,) = entries(written(tmp_path / "a.jsonl", lines), Keys())
    assert entry.description == "half ? a \u2028 pair"
    (entry,) = entries(written(tmp_path / "n.json", '[{"url": "u", "description": 7}]'), Keys())
    assert entry.description == "7"


@pytest.mark.parametrize(
    ("name", "text", "keys", "message"),
    [
        ("a.json", '[{"link": "x", "text": "y"}]', Keys(), r"it has link, text: .* --address"),
        ("a.csv", "image,text\nx,y\n", Keys(), r"line 2 of .* it has image, text: .* --address"),
        (
            "a.csv",
            "url,text\nx,y\n",
            Keys("url", "caption"),
            "the last one has url, text: .*--description",
        ),
        (
            "a.csv",
            "url,text\nx,y\n",
            Keys("url", label="class"),
            "the last one has url, text: .*--label",
        ),
        ("a.txt", "http://a\n", Keys("url", label="class"), "the last one has url: .*--label"),
        ("a.json", '[{"url": "x", "description": ["y"]}]', Keys(), "entry 1 .* a list or an obj"),
        ("a.json", json.dumps([{"url": "x", "description": "y" * 100_001}]), Keys(), "100,000 ch"),
        ("a.json", '["http://a/1"]', Keys(), "entry 1 of .* is not an object"),
        ("a.json", '[{"url": "x"}', Keys(), r"a\.json is not JSON"),
        ("a.json", "[" * 100_000, Keys(), r"a\.json is not JSON"),
        ("a.csv", 'url,description\nx,"never closed\n', Keys(), "of .* is not CSV"),
        ("a.csv", "url\n" + "x" * 200_000, Keys(), "is not CSV"),
        ("a.csv", "url\n", Keys(), "no URL in"),
        ("a.txt", "http://a/" + "x" * 200_000, Keys(), "line 1 of .* more than 100,000 char"),
        ("a.txt", "", Keys(), "no URL in"),
        ("a.txt", b"caf\xe9", Keys(), "not text in UTF-8"),
    ],
)
def test_a_file_that_is_not_a_list_is_refused_in_one_line(
    name: str, text: str | bytes, keys: Keys, message: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        read_list(written(tmp_path / name, text), keys)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.json",
            '[{"url": "x"}, {"url": null}, {"url": "z"}]',
            "entry 2 of .* no URL: 'url' is empty",
        ),
        ("a.json", '[{"url": "x"}, {"text": "y"}, {"url": "z"}]', "entry 2 of .* it has text"),
        ("a.json", '[{"url": "x"}, "y", {"url": "z"}]', "entry 2 of .* is not an object"),
        ("a.json", '[{"url": "x"}, {"url": "y", "description": []}, {"url": "z"}]', "entry 2 of"),
        (
            "a.jsonl",
            '{"url": "x"}\n\n{"url": ["y"]}\n{"url": "z"}',
            "line 3 of .* no URL: 'url' is",
        ),
        ("a.jsonl", '{"url": "x"}\n{"url": \n{"url": "z"}', "line 2 of .* is not JSON"),
        ("a.jsonl", '{"url": "x"}\n7\n{"url": "z"}', "line 2 of .* is not an object"),
        ("a.csv", "text,url\na,x\nb,\nc,z\n", "line 3 of .* no URL: 'url' is"),
        ("a.csv", "text,url\na,x\nb\nc,z\n", "line 3 of .* no URL: 'url' is"),
        ("a.txt", f"x\n{'y' * 100_001}\nz", "line 2 of .* more than 100,000 characters"),
    ],
)
def test_a_malformed_entry_is_named_and_the_others_are_read(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    parsed, malformed = read_list(written(tmp_path / name, text), Keys())
    assert [entry.address for entry in parsed] == ["x", "z"]
    assert len(malformed) == 1
    assert re.match(message, malformed[0])


def test_only_the_first_dozen_keys_are_named(tmp_path: Path) -> None:
    many = json.dumps([{f"key{i}": i for i in range(1000)}])
    with pytest.raises(RequestError, match=r"key11, \.\.\.: name"):
        read_list(written(tmp_path / "a.json", many), Keys())


def test_a_list_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.txt", "http://a\n" * 3)
    monkeypatch.setattr(lists, "MAX_ENTRIES", 2)
    with pytest.raises(RequestError, match="more than 2 entries"):
        read_list(path, Keys())
    monkeypatch.setattr(lists, "MAX_BYTES", 20)
    with pytest.raises(RequestError, match="more than 20 bytes"):
        read_list(path, Keys())


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"cannot read the list .*none\.txt: No such file"):
        read_list(tmp_path / "none.txt", Keys())
