"""What is never fetched, whatever it resolves to."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from hitl_platform.egress.addresses import is_public
from hitl_platform.egress.targets import AddressRefused, follow, read_target

REFUSED = (Path(__file__).parent / "refused_urls.txt").read_text().split()
WITH_BLANKS = [
    "", " http://files.example.org/", "http://files.example.org/ x", "http://files.example.org/\r\nHost: evil",
    "http://files.exam\tple.org/", "java\nscript:alert(1)", "http://files.example.org/\x00", "http://127.0.0.1 /",
    f"http://files.example.org/{'a' * 2_000}", f"http://{'a' * 64}.org/", f"http://{'a.' * 130}org/",
]  # fmt: skip


@pytest.mark.parametrize("url", [*REFUSED, *WITH_BLANKS])
def test_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as refusal:
        read_target(url)
    assert refusal.value.code == "url_refused"
    assert refusal.value.fields["url"]


def test_there_are_many() -> None:
    assert len(set(REFUSED)) >= 60


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://files.example.org", "files.example.org", "/"),
        ("HTTPS://Files.Example.ORG/A.png?x=1#part", "files.example.org", "/A.png?x=1"),
        ("http://files.example.org:80/a", "files.example.org", "/a"),
        ("http://files.example.org:443/a", "files.example.org:443", "/a"),
        ("https://xn--mnchen-3ya.de/a", "xn--mnchen-3ya.de", "/a"),
        ("https://my_bucket.s3.example.net/a", "my_bucket.s3.example.net", "/a"),
        ("https://93.184.216.34/a", "93.184.216.34", "/a"),
        ("https://[2606:2800:220:1::1]/a", "[2606:2800:220:1::1]", "/a"),
    ],
)
def test_allowed(url: str, authority: str, path: str) -> None:
    target = read_target(url)
    assert (target.authority, target.path) == (authority, path)


@pytest.mark.parametrize(
    "location", ["http://files.example.org/a", "//127.0.0.1/a", "https://10.0.0.1/", "file:///etc/passwd", "\\\\evil"]
)
def test_a_redirect_is_checked_as_the_first_was(location: str) -> None:
    with pytest.raises(AddressRefused):
        follow(read_target("https://files.example.org/x"), location)


def test_a_redirect_may_be_relative() -> None:
    assert follow(read_target("https://files.example.org/x/y"), "../z").url == "https://files.example.org/z"


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450::1"])
def test_public_addresses(address: str) -> None:
    assert is_public(ip_address(address))
