from __future__ import annotations

import pytest

from ganzoo_fetch.addresses import is_public, parse
from ganzoo_fetch.failure import Failed


@pytest.mark.parametrize(
    ("text", "requested"),
    [
        ("HTTP://Example.com/A?b=c#d", "http://example.com/A?b=c"),
        ("https://bücher.example/ä b.jpg", "https://xn--bcher-kva.example/%C3%A4%20b.jpg"),
        ("http://example.com:8080", "http://example.com:8080"),
    ],
)
def test_http_and_https_urls_are_normalized(text: str, requested: str) -> None:
    assert str(parse(text)) == requested


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ftp://example.com/a", "not an http or https URL"),
        ("file:///etc/passwd", "not an http or https URL"),
        ("data:image/png;base64,AA", "not an http or https URL"),
        ("//example.com/a", "not an http or https URL"),
        ("images/a.jpg", "not an http or https URL"),
        ("http://xn--a/x.jpg", "not a URL"),
        ("http:///a", "not a URL"),
        ("http://example.com:99999/", "not a URL"),
        ("http://example.com:-1/", "not a URL"),
        ("http://example.com:0/", "not a URL"),
        ("http://example.com:8o/", "not a URL"),
        ("http://a/\0", "not a URL"),
        ("http://a/" + 70_000 * "b", "not a URL"),
        ("http://①②⑦.0.0.1/", "not a URL"),
        ("http://me:secret@example.com/", "a URL with credentials"),
        ("http://example.com@127.0.0.1/", "a URL with credentials"),
        ("http://example.com\\@127.0.0.1/", "a URL with credentials"),
    ],
)
def test_other_urls_are_refused(text: str, reason: str) -> None:
    with pytest.raises(Failed) as caught:
        parse(text)
    assert (caught.value.reason, caught.value.passes) == (reason, "never")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"],
)
def test_public_ip_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "::1", "0.0.0.0", "::"),
        *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fd00:ec2::254"),
        *("169.254.169.254", "fe80::1", "fe80::1%eth0", "fec0::1"),
        *("100.64.0.1", "100.100.100.200", "100.127.255.255"),
        *("224.0.0.1", "239.255.255.255", "ff02::1", "255.255.255.255"),
        *("240.0.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
        *("168.63.129.16", "192.88.99.1", "2001:db8::1", "3fff::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808"),
        *("2002:7f00:1::", "2002:808:808::", "2001:0:7f00:1::"),
    ],
)
def test_all_other_ip_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)
