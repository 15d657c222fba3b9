"""From a text to what may be asked for: one URL, one meaning, or a refusal.

Parsers that disagree about a URL are how checks are got around, so whatever has two readings is refused: user
names, backslashes, numbers in other bases, dots at the end, letters beyond ASCII.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urljoin, urlsplit

from hitl_platform.egress.addresses import Address, is_public
from hitl_platform.kernel.errors import Invalid

MAX_URL = 2_000
PORTS = {"http": 80, "https": 443}
# names that mean something inside a house, a cloud or a test, whatever they resolve to
INSIDE = (
    "localhost", "localdomain", "local", "internal", "intranet", "private", "lan", "home", "corp", "arpa", "test",
    "example", "invalid", "onion", "metadata.goog", "metadata.azure.com", "instance-data.com",
)  # fmt: skip
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# what browsers and libc take for a number, in whatever base
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)")


class AddressRefused(Invalid):
    """A URL that is never fetched; its sentence says why."""

    code = "url_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, fields={"url": [reason]})


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be fetched once its host has been resolved. `address` is set where the host is one."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None = None

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL again, without what is left out."""
        return f"{self.scheme}://{self.authority}{self.path}"


def read_target(url: str) -> Target:
    """The target that `url` names; raises AddressRefused for every URL that is not plainly of the public web."""
    if len(url) > MAX_URL or not _VISIBLE.fullmatch(url) or "\\" in url:
        raise AddressRefused(
            f"A URL has at most {MAX_URL:,} characters, all visible ASCII; write others percent-encoded, and hosts "
            "in their xn-- form."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused("This is no URL.") from None
    if parts.scheme not in PORTS:
        raise AddressRefused("A URL begins with https:// or http://.")
    if "@" in parts.netloc:
        raise AddressRefused("A URL must not carry a user name or a password.")
    port = PORTS[parts.scheme] if port is None else port
    if port not in PORTS.values():
        raise AddressRefused("Only the ports 80 and 443 are asked.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path, _literal(host, bracketed="[" in parts.netloc))


def follow(target: Target, location: str) -> Target:
    """Where a redirect leads; raises AddressRefused as read_target does, and for a step from https to http."""
    following = read_target(urljoin(target.url, location))
    if (target.scheme, following.scheme) == ("https", "http"):
        raise AddressRefused("The server redirects from https to http.")
    return following


def require_public(addresses: list[Address]) -> None:
    """Raise AddressRefused unless every one of a host's addresses is public: one inside is enough to refuse."""
    if not addresses or not all(map(is_public, addresses)):
        raise AddressRefused("This host has an address that is not on the public internet.")


def _literal(host: str, *, bracketed: bool) -> Address | None:
    """The address that a host is written as, or None for a name; raises AddressRefused for neither."""
    labels = host.split(".")
    if bracketed or _NUMERIC.fullmatch(labels[-1]):
        try:
            address = ip_address(host)
        except ValueError:
            raise AddressRefused("An address is written as four decimal numbers, or in brackets.") from None
        if "%" in host:
            raise AddressRefused("An address must not name an interface.")
        require_public([address])
        return address
    if len(labels) < 2 or len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise AddressRefused("The host must be a full name of the public internet, such as files.example.org.")
    if any(host == name or host.endswith(f".{name}") for name in INSIDE):
        raise AddressRefused("This host is a name of somebody's inside.")
    return None
