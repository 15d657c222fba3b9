"""What a file is, is told by its bytes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cases import images
from cases.media_types import EXTENSIONS, media_type
from cases.services.files import MAX_NAME, examine_file, plain_name
from hitl_platform.kernel.errors import Invalid, TooLarge
from tests.cases import samples


@pytest.mark.parametrize(("kind", "content"), [(kind, each) for kind, all_ in samples.KEPT.items() for each in all_])
def test_kept(kind: str, content: bytes) -> None:
    # a name says nothing
    examined = examine_file(name="page.html", content=io.BytesIO(content))
    assert (examined.media_type, examined.size) == (kind, len(content))
    if kind.startswith("image/"):
        assert (examined.width, examined.height) == (3, 2)


def test_there_is_a_sample_of_every_kind() -> None:
    assert set(samples.KEPT) == set(EXTENSIONS)


@pytest.mark.parametrize("content", samples.REFUSED.values(), ids=samples.REFUSED)
def test_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        examine_file(name="photo.png", content=io.BytesIO(content))
    assert set(refusal.value.fields) == {"photo.png"}


def test_bytes_are_counted_as_they_are_read(settings: object) -> None:
    settings.EVIDENCE_MAX_BYTES = 1_000  # type: ignore[attr-defined]  # the fixture takes any setting
    assert examine_file(name="a", content=io.BytesIO(b"a" * 1_000)).size == 1_000
    with pytest.raises(TooLarge):
        examine_file(name="a", content=io.BytesIO(b"a" * 1_001))


@given(some.binary(max_size=200))
def test_no_bytes_break_the_sniffing(content: bytes) -> None:
    for start in (
        b"",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBPVP8",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    ):
        kind = media_type(start + content)
        assert kind is None or kind in EXTENSIONS
        for image in ("image/png", "image/jpeg", "image/gif", "image/webp"):
            images.dimensions(start + content, image)


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("scan.png", "scan.png"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\evil.dll", "evil.dll"),
        ("/absolute/path.txt", "path.txt"),
        ("C:\\temp\\x.txt", "x.txt"),
        ("file:///etc/passwd", "passwd"),
        ("..%2f..%2fetc%2fpasswd", "%2f..%2fetc%2fpasswd"),
        ("..%5c..%5cx", "%5c..%5cx"),
        ("a\x00b.png", "ab.png"),
        ("a\r\nSet-Cookie: x=1.png", "x=1.png"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        ("   ", "file"),
        ("x" * 300 + ".png", "x" * (MAX_NAME - 4) + ".png"),
        ("e\u0301.txt", "\u00e9.txt"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
    ],
)
def test_names(given_name: str, name: str) -> None:
    assert plain_name(given_name) == name
