"""The proxies that the environment names, as httpx would read them for a client of its own.

httpx reads them only for its own transports. A client that checks where it connects to brings
another, and has to be told which links are a proxy's.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.request import getproxies

SCHEMES: Final = ("http", "https", "all")


def of_environment() -> dict[str, str | None]:
    """Return the proxy for each pattern of links as httpx spells them; None = past any proxy."""
    found = getproxies()
    passed = [each.strip() for each in found.get("no", "").split(",")]
    if "*" in passed:
        return {}
    named = {f"{each}://": _address(found[each]) for each in SCHEMES if found.get(each)}
    if not named:
        return {}
    return {**named, **dict.fromkeys(_patterns(passed))}


def _address(stated: str) -> str:
    return stated if "://" in stated else f"http://{stated}"


def _patterns(hosts: list[str]) -> Iterator[str]:
    for host in filter(None, hosts):
        if "://" in host:
            yield host
        elif host.lower() == "localhost":
            yield "all://localhost"
        else:
            yield _pattern(host)


def _pattern(host: str) -> str:
    try:
        address = ip_address(host.partition("/")[0])
    except ValueError:
        return f"all://*{host}"
    return f"all://[{address}]" if address.version == 6 else f"all://{address}"  # noqa: PLR2004  IPv6
