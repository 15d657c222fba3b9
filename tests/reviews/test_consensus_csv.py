"""`manage.py aggregate_csv`: a file in, a file out, no server, and a sentence for every line that cannot be used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reviews.consensus.tables import BadTable, read_answers

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = """task,worker,label
b,ann,yes
b,bob,no
b,cid,no
a,ann,yes
a,bob,yes
c,ann,no
c,bob,yes
"""


def run(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """The command as a person without any server has it."""
    environment = {
        name: value for name, value in os.environ.items()
        if not name.endswith("_URL") and not name.startswith(("HITL_", "DJANGO_")) and name != "SECRET_KEY"
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "aggregate_csv", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("method", ["majority", "dawid_skene", "dawid_skene_ml"])
def test_writes_a_label_and_a_confidence_for_each_task(tmp_path: Path, method: str) -> None:
    (tmp_path / "answers.csv").write_text(ANSWERS, encoding="utf-8")
    ran = run("answers.csv", "--method", method, "--out", "consensus.csv", folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    written = [line.split(",") for line in (tmp_path / "consensus.csv").read_text(encoding="utf-8").splitlines()]
    assert written[0] == ["task", "label", "confidence"]
    assert [row[0] for row in written[1:]] == ["b", "a", "c"]
    assert [row[1] for row in written[1:3]] == ["no", "yes"]
    assert all(0.5 <= float(row[2]) <= 1 for row in written[1:])
    assert "7 answers by 3 workers to 3 tasks, 2 labels" in ran.stderr
    if method == "majority":
        assert written[1:] == [["b", "no", "0.666667"], ["a", "yes", "1.000000"], ["c", "no", "0.500000"]]
        assert "1 ties" in ran.stderr


def test_a_bad_line_stops_it_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(ANSWERS + "d,,yes\n", encoding="utf-8")
    (tmp_path / "consensus.csv").write_text("kept", encoding="utf-8")
    ran = run("answers.csv", "--out", "consensus.csv", folder=tmp_path)
    assert ran.returncode == 1
    assert "answers.csv, line 9: column 'worker' is empty" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert (tmp_path / "consensus.csv").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("missing.csv", "--out", "consensus.csv"), "missing.csv: No such file"),
        (("answers.csv", "--out", "nowhere/consensus.csv"), "consensus.csv: No such file"),
        (("answers.csv", "--out", "consensus.csv", "--method", "mean"), "invalid choice: 'mean'"),
        (("answers.csv",), "--out"),
    ],
)
def test_what_it_cannot_do_it_says(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "answers.csv").write_text(ANSWERS, encoding="utf-8")
    ran = run(*arguments, folder=tmp_path)
    assert ran.returncode != 0
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "line 1: column 'task' is missing"),
        (b"task,worker\nt,w\n", "line 1: column 'label' is missing"),
        (b"task,worker,label,task\n", "line 1: column 'task' is there more than once"),
        (b"task,worker,label\n", "line 2: there is no answer"),
        (b"task,worker,label\n\n\n", "line 2: there is no answer"),
        (b"task,worker,label\nt,w,yes\nt,w\n", "line 3: column 'label' is empty"),
        (b"task,worker,label\n , w,yes\n", "line 2: column 'task' is empty"),
        (b"task,worker,label\nt,w,yes,really\n", "line 2: 4 values where the header names 3 columns"),
        (b"task,worker,label\nt,w,yes\nt,v,\xff\n", "line 3, byte 5: not UTF-8"),
        (b'task,worker,label\nt,"w\n,x",yes\nt,,no\n', "line 4: column 'worker' is empty"),
        (b'task,worker,label\nt,"w"x,yes\n', "line 2: not CSV"),
        (b'task,worker,label\nt,"w,yes\n', "not CSV"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(content: bytes, sentence: str) -> None:
    with pytest.raises(BadTable, match=sentence):
        read_answers(content.splitlines(keepends=True))


def test_reads_what_spreadsheets_write() -> None:
    content = '\ufeffnote;label,"worker",label,task\r\nx, Ann Lee ,yes,"t,1"\r\n\r\ny,Bob,"no ""way""",t2\r\n'
    table = read_answers(content.replace("note;label", "note").encode().splitlines(keepends=True))
    assert table.tasks == ["t,1", "t2"]
    assert table.workers == ["Ann Lee", "Bob"]
    assert table.labels == ['no "way"', "yes"]
    assert table.label.tolist() == [1, 0]


def test_labels_are_in_the_order_of_their_text_whatever_the_order_of_the_lines() -> None:
    lines = [b"task,worker,label\n", b"t,w,pear\n", b"t,v,apple\n", b"t,u,fig\n"]
    forward, backward = read_answers(lines), read_answers([lines[0], *lines[:0:-1]])
    assert forward.labels == backward.labels == ["apple", "fig", "pear"]
    assert [forward.labels[code] for code in forward.label] == ["pear", "apple", "fig"]
