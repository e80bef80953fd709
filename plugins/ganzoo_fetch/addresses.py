"""Which URLs may be requested, and which IP addresses are public."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from ganzoo_fetch.failure import Failed

_NAT64 = ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ip_network("2000::/3")
_NOT_PUBLIC = [
    # In addition to the private networks that Python's ipaddress knows, more in each release.
    ip_network("168.63.129.16/32"),  # metadata service of Azure
    ip_network("192.0.0.0/24"),  # protocol assignments, metadata service of Oracle
    ip_network("192.88.99.0/24"),  # relays from IPv6 to IPv4
    ip_network("2001::/23"),  # protocol assignments, Teredo included
    ip_network("2002::/16"),  # IPv4 addresses inside IPv6 ones
    ip_network("3fff::/20"),  # documentation
]


def parse(text: str) -> httpx.URL:
    """Parse a URL and remove its fragment, which is not sent to servers.

    Raises Failed unless it is an http or https URL with a host and without credentials.
    """
    try:
        url = httpx.URL(text)
        host = url.host  # decoded only now, which fails for some names
    except (httpx.InvalidURL, ValueError) as error:
        raise Failed("not a URL", str(error)) from error
    if url.scheme not in ("http", "https"):
        raise Failed("not an http or https URL")
    if not host or (url.port is not None and not 0 < url.port < 2**16):
        raise Failed("not a URL", "its host or port is missing or wrong")
    if url.userinfo:
        raise Failed("a URL with credentials")
    return url.copy_with(fragment=None)


def is_public(address: str) -> bool:
    """Whether an IP address is a unicast address of the public internet.

    IPv6 addresses that contain an IPv4 address are not public. An exception are those of NAT64
    (RFC 6052), which hosts without IPv4 need: the IPv4 address in them is checked instead.
    """
    ip = ip_address(address)
    if ip in _NAT64:
        ip = IPv4Address(int(ip) % 2**32)
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST:
        return False
    if ip.is_multicast or ip.is_reserved:
        return False
    return ip.is_global and not any(ip in network for network in _NOT_PUBLIC)
