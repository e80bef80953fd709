"""Which addresses may be asked: those of the web, and there of the public part alone."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from ganzoo.fetching.failure import Failed

_NAT64 = ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ip_network("2000::/3")
_NOT_PUBLIC = [
    # Beside what Python's ipaddress, in each release a little more, says to be private.
    ip_network("168.63.129.16/32"),  # the metadata of a virtual machine at Azure
    ip_network("192.0.0.0/24"),  # protocol assignments, metadata at Oracle
    ip_network("192.88.99.0/24"),  # relays from IPv6 to IPv4
    ip_network("2001::/23"),  # protocol assignments, Teredo's IPv4 addresses among them
    ip_network("2002::/16"),  # IPv4 addresses inside IPv6 ones
    ip_network("3fff::/20"),  # documentation
]


def parse(text: str) -> httpx.URL:
    """The address without its fragment, which servers are not told.

    Raises Failed unless it is one of http or https, with a host and without credentials.
    """
    try:
        url = httpx.URL(text)
        host = url.host  # which is decoded only now, and may be no name at all
    except (httpx.InvalidURL, ValueError) as error:
        raise Failed("not an address", str(error)) from error
    if url.scheme not in ("http", "https"):
        raise Failed("not an address of http or https")
    if not host or (url.port is not None and not 0 < url.port < 2**16):
        raise Failed("not an address", "its host or port is missing or wrong")
    if url.userinfo:
        raise Failed("an address with credentials")
    return url.copy_with(fragment=None)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, and to a single host there.

    IPv6 addresses that hide an IPv4 address do not, but for those of NAT64 (RFC 6052), by which
    hosts without IPv4 reach it: they are judged by what they hide.
    """
    found = ip_address(address)
    if found in _NAT64:
        found = IPv4Address(int(found) % 2**32)
    if isinstance(found, IPv6Address) and found not in _GLOBAL_UNICAST:
        return False
    if found.is_multicast or found.is_reserved:
        return False
    return found.is_global and not any(found in network for network in _NOT_PUBLIC)
