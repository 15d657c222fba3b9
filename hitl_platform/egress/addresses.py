"""Which addresses belong to the public internet: everything else is somebody's inside, maybe ours.

The tables are IANA's registries of special-purpose addresses (RFC 6890 and its successors), written out, because
what a Python release calls global has changed from one to the next.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

_CLOSED_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        # public by its number, and the wire server inside every machine of one cloud
        "168.63.129.16/32",
    )
)  # fmt: skip
_UNICAST_6 = IPv6Network("2000::/3")
# protocol assignments with Teredo, documentation, 6to4 (an IPv4 address inside), AS112, segment routing
_CLOSED_6 = tuple(
    IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)  # fmt: skip


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet's, reached as itself.

    IPv6 addresses that carry an IPv4 address (mapped, translated, 6to4, Teredo) are not: they lead elsewhere.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_4)
    return address in _UNICAST_6 and not any(address in network for network in _CLOSED_6)
