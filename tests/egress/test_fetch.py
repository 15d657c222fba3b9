"""The one way out: what it connects to, how long it waits, how much it takes."""

import datetime as dt
import gzip
import io
import ssl
import time
import zlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hitl_platform.egress import network
from hitl_platform.egress.fetching import MAX_HEADERS, Fetched, fetch
from hitl_platform.egress.network import Network
from hitl_platform.egress.targets import AddressRefused
from hitl_platform.kernel.errors import TooLarge, Unavailable
from tests.egress.servers import PUBLIC, answer, saying, server

URL = "http://files.example.org/a.png"
LIMIT = 100_000
OK = b"HTTP/1.1 200 OK\r\n"


def get(on: Network, url: str = URL, *, max_bytes: int = LIMIT, seconds: float = 5.0) -> tuple[Fetched, bytes]:
    into = io.BytesIO()
    return fetch(url, into=into, max_bytes=max_bytes, seconds=seconds, network=on), into.getvalue()


def test_it_writes_what_the_server_says() -> None:
    with server(saying(answer(b"bytes"))) as there:
        fetched, body = get(there.network())
    assert (fetched, body) == (Fetched(5, URL), b"bytes")
    assert there.dialled == [PUBLIC]
    head, *lines = there.asked[0].decode().split("\r\n")
    assert head == "GET /a.png HTTP/1.1"
    sent = dict(line.split(": ", 1) for line in lines if line)
    assert sent["Host"] == "files.example.org"
    assert not {"cookie", "authorization", "referer"} & {name.lower() for name in sent}


def test_a_chunked_answer_is_read_to_its_end() -> None:
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with server(saying(said)) as there:
        assert get(there.network())[1] == b"abcde"


class TestWhereTo:
    @pytest.mark.parametrize(
        "inside", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:7f00:1", "fe80::1%lo"]
    )
    def test_one_address_inside_refuses_the_host(self, inside: str) -> None:
        with server(saying(answer(b"secret"))) as there:
            asked = there.network(names={"files.example.org": [[PUBLIC, inside]]})
            with pytest.raises(AddressRefused):
                get(asked)
        assert there.dialled == []

    def test_a_name_is_asked_for_once(self) -> None:
        """A resolver that answers a public address first and the loopback next is asked no second time."""
        with server(saying(answer(b"fine"))) as there:
            rebinding = there.network(names={"files.example.org": [[PUBLIC], ["127.0.0.1"]]})
            assert get(rebinding)[1] == b"fine"
        assert there.dialled == [PUBLIC]

    def test_the_second_request_of_a_rebinding_host_is_refused(self) -> None:
        with server(saying(answer(status="302 Found", Location=URL)), saying(answer(b"secret"))) as there:
            rebinding = there.network(names={"files.example.org": [[PUBLIC], ["127.0.0.1"]]})
            with pytest.raises(AddressRefused):
                get(rebinding)
        assert there.dialled == [PUBLIC]

    def test_a_connection_that_leads_elsewhere_is_dropped(self) -> None:
        with server(saying(answer(b"secret"))) as there, pytest.raises(AddressRefused):
            get(there.network(claimed="127.0.0.1"))
        assert there.asked in ([], [b""])

    @pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"])
    def test_no_proxy_of_the_environment_is_asked(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with server(saying(answer(b"proxied"))) as proxy, server(saying(answer(b"direct"))) as there:
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.listener.getsockname()[1]}")
            assert get(there.network())[1] == b"direct"
        assert proxy.asked == []

    def test_the_real_network_refuses_the_loopback_by_name(self) -> None:
        def resolve(host: str, port: int, seconds: float) -> list[str]:
            return network.resolve("localhost", port, seconds)

        with pytest.raises(AddressRefused):
            get(Network(resolve, network.connect, network.trust))


class TestRedirects:
    def test_three_are_followed(self) -> None:
        hops = [saying(answer(status="302 Found", Location=f"/{number}")) for number in range(3)]
        with server(*hops, saying(answer(b"there"))) as there:
            fetched, body = get(there.network())
        assert (fetched.url, body) == ("http://files.example.org/2", b"there")

    def test_a_fourth_is_not(self) -> None:
        hops = [saying(answer(status="301 Moved", Location=f"/{number}")) for number in range(4)]
        with server(*hops, saying(answer(b"there"))) as there, pytest.raises(AddressRefused, match="more than 3"):
            get(there.network())
        assert len(there.asked) == 4

    @pytest.mark.parametrize(
        "location",
        [
            "http://127.0.0.1/",
            "http://169.254.169.254/latest/",
            "http://[::1]/",
            "file:///etc/passwd",
            "http://redis:6379/",
        ],
    )
    def test_none_leads_inside(self, location: str) -> None:
        with server(saying(answer(status="307 Temporary", Location=location))) as there, pytest.raises(AddressRefused):
            get(there.network())
        assert len(there.asked) == 1

    def test_a_name_that_resolves_inside_is_no_way_round(self) -> None:
        with server(saying(answer(status="302 Found", Location="http://evil.example.net/"))) as there:
            asked = there.network(names={"evil.example.net": [["10.0.0.7"]]})
            with pytest.raises(AddressRefused):
                get(asked)


class TestHowMuch:
    def test_an_announced_length_is_enough_to_refuse(self) -> None:
        with server(saying(answer(b"x" * (LIMIT + 1)))) as there, pytest.raises(TooLarge):
            get(there.network())

    def test_bytes_are_counted_where_none_were_announced(self) -> None:
        said = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LIMIT + 1)
        with server(saying(said)) as there, pytest.raises(TooLarge):
            get(there.network())

    def test_a_gzip_bomb_goes_off_against_the_bound(self) -> None:
        bomb = gzip.compress(b"\0" * 200_000_000, 9)
        assert len(bomb) < 250_000
        with server(saying(answer(bomb, Content_Encoding="gzip"))) as there, pytest.raises(TooLarge):
            get(there.network(), max_bytes=1_000_000)

    @pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
    def test_an_unasked_packing_is_undone(self, encoding: str, pack: object) -> None:
        with server(saying(answer(pack(b"plain"), Content_Encoding=encoding))) as there:  # type: ignore[operator]  # the parameter is a function
            assert get(there.network())[1] == b"plain"

    def test_another_packing_is_refused(self) -> None:
        with server(saying(answer(b"x", Content_Encoding="br"))) as there, pytest.raises(AddressRefused):
            get(there.network())

    def test_endless_headers_end(self) -> None:
        lines = [b"X-Filler: " + b"x" * 60_000 + b"\r\n"] * (MAX_HEADERS // 60_000 + 3)
        with server(saying(b"HTTP/1.1 200 OK\r\n", *lines)) as there, pytest.raises(TooLarge):
            get(there.network(), max_bytes=1_000)


class TestHowLong:
    @pytest.mark.parametrize(
        "start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"]
    )
    def test_a_slow_drip_wins_no_time(self, start: bytes) -> None:
        drip = saying(start, *([b"x"] * 40), pause=0.05)
        began = time.monotonic()
        with server(drip) as there, pytest.raises(Unavailable):
            get(there.network(), seconds=0.5)
        assert time.monotonic() - began < 5

    def test_a_silent_server(self) -> None:
        with server(lambda line, request: time.sleep(1)) as there, pytest.raises(Unavailable):
            get(there.network(), seconds=0.2)

    def test_a_slow_resolver(self) -> None:
        def slow(host: str, port: int, seconds: float) -> list[str]:
            raise TimeoutError

        with pytest.raises(Unavailable):
            get(Network(slow, network.connect, network.trust))


class TestWhatElseComes:
    @pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "204 No Content", "206 Partial Content"])
    def test_an_answer_that_will_not_change(self, status: str) -> None:
        with server(saying(answer(status=status))) as there, pytest.raises(AddressRefused):
            get(there.network())

    @pytest.mark.parametrize("status", ["500 Oops", "503 Busy", "429 Slow"])
    def test_an_answer_that_may_change(self, status: str) -> None:
        with server(saying(answer(status=status))) as there, pytest.raises(Unavailable):
            get(there.network())

    @pytest.mark.parametrize(
        "said",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"",
        ],
    )
    def test_half_an_answer_is_none(self, said: bytes) -> None:
        with server(saying(said)) as there, pytest.raises(Unavailable):
            get(there.network())

    def test_half_a_packed_body_is_none(self) -> None:
        half = gzip.compress(b"x" * 1000)[:-9]
        with server(saying(answer(half, Content_Encoding="gzip"))) as there, pytest.raises(Unavailable):
            get(there.network())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of files.example.org that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "files.example.org")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("files.example.org")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class TestTls:
    def test_the_name_goes_along_and_is_checked(self, certificate: Path) -> None:
        names: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda line, name, _: names.append(name)
        trust = ssl.create_default_context(cafile=str(certificate))
        with server(saying(answer(b"sealed")), tls=context) as there:
            assert get(there.network(trust=trust), "https://files.example.org/a")[1] == b"sealed"
        assert names == ["files.example.org"]

    def test_another_hosts_certificate_opens_nothing(self, certificate: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        trust = ssl.create_default_context(cafile=str(certificate))
        with server(saying(answer(b"sealed")), tls=context) as there, pytest.raises(Unavailable):
            get(there.network(trust=trust), "https://other.example.org/a")

    def test_nobody_vouches_for_a_stranger(self, certificate: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with server(saying(answer(b"sealed")), tls=context) as there, pytest.raises(Unavailable):
            get(there.network(), "https://files.example.org/a")
