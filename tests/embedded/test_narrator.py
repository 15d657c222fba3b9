"""What the terminal shows of what processes say, and what goes to the file alone."""

import io

from hitl_platform.embedded.narrator import Narrator

MAIL = (
    '2026-11-22T21:12:33.100Z WARNING celery.redirected: Content-Type: text/plain; charset="utf-8"\\nMIME-Version: '
    "1.0\\nContent-Transfer-Encoding: 8bit\\nSubject: [Acme] You are named in a comment\\nFrom: hitl@localhost\\n"
    "To: alice@acme.example\\nDate: today\\n\\nHello Alice,\\n\\nhttp://127.0.0.1:8000/seats/1/\\n"
)


def test_a_printed_mail_is_one_line_on_the_terminal_and_whole_in_the_file() -> None:
    narrator = Narrator(log=io.StringIO(), stream=io.StringIO())
    narrator.hear(MAIL, name="worker")
    narrator.hear("2026-11-22T21:12:33.100Z WARNING celery.redirected: " + "-" * 79, name="worker")
    assert isinstance(narrator.stream, io.StringIO)
    assert isinstance(narrator.log, io.StringIO)
    (line,) = narrator.stream.getvalue().splitlines()
    assert line.endswith("│ mail to alice@acme.example: [Acme] You are named in a comment")
    assert "http://127.0.0.1:8000/seats/1/" in narrator.log.getvalue()


def test_a_warning_is_unfolded() -> None:
    narrator = Narrator(stream=io.StringIO())
    narrator.hear("2026-11-22T21:12:33.100Z ERROR reviews: it broke\\nTraceback", name="web")
    assert isinstance(narrator.stream, io.StringIO)
    first, second = narrator.stream.getvalue().splitlines()
    assert first.endswith("│ error: it broke")
    assert second.endswith("│ Traceback")
