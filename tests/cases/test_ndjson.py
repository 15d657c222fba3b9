import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import ndjson
from cases.ndjson import lines_of


def read(data: bytes, block: int, max_bytes: int = 20) -> list[tuple[int, bytes | None]]:
    stream = io.BytesIO(data)
    return list(lines_of(lambda size: stream.read(min(size, block)), max_bytes=max_bytes))


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=30)), st.integers(1, 50))
def test_lines_come_out_whole_whatever_the_blocks(texts: list[str], block: int) -> None:
    raw = [text.encode() for text in texts]
    wanted = [
        (number, line if len(line) <= 20 else None)
        for number, line in enumerate(raw, 1)
        if len(line) > 20 or line.strip()
    ]
    assert read(b"\n".join(raw), block) == wanted
    assert read(b"\n".join([*raw, b""]), block) == wanted


def test_a_line_without_end_is_not_held() -> None:
    held = 0

    def endless(size: int) -> bytes:
        nonlocal held
        held += 1
        return b"x" * 1000 if held < 500 else b"\n{}\n" if held == 500 else b""

    assert list(lines_of(endless, max_bytes=5_000)) == [(1, None), (2, b"{}")]


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n \n\n"])
def test_blank_lines_are_left_out(data: bytes) -> None:
    assert read(data, 1) == []


def test_a_read_is_bounded() -> None:
    sizes = []
    list(lines_of(lambda size: sizes.append(size) or b"", max_bytes=10))
    assert sizes == [ndjson.BLOCK]
