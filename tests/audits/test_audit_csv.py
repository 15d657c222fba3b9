"""`audit_csv`: a file audited without a database, and refused in words."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audits.demo.credit import __file__ as credit_file
from hitl_platform.bootstrap import ROOT

GERMAN = Path(credit_file).with_name("data") / "german_credit.csv"
OPTIONS = ["--truth", "repaid", "--decision", "approved", "--groups", "sex,region", "--favourable", "yes"]
LINES = """sex,region,repaid,approved,score
f,north,yes,yes,0.9
f,north,no,no,0.2
f,,yes,no,0.4
m,south,yes,yes,0.8
m,south,no,yes,0.7
m,north,,refer,0.5
"""


def run(tmp_path: Path, *arguments: str, lines: str = LINES) -> dict[str, object]:
    file, out = tmp_path / "cases.csv", tmp_path / "audit.json"
    file.write_text(lines, encoding="utf-8")
    call_command("audit_csv", str(file), "--json", str(out), *arguments, stderr=StringIO())
    document = json.loads(out.read_bytes())
    assert isinstance(document, dict)
    return document


def test_a_file_is_audited_as_the_platforms_own_decisions_are(tmp_path: Path) -> None:
    found = run(tmp_path, *OPTIONS, "--score", "score")
    assert found["dataset"] == "cases"
    overall, sex = found["overall"], found["audits"]["sex"]
    # an answer that is not the favourable one is negative; an empty truth is none
    assert [overall[name] for name in ("n", "tp", "fp", "fn", "tn", "favourable_n")] == [6, 2, 1, 1, 1, 3]
    assert overall["accuracy"] == 0.6
    assert sex["groups"]["f"]["favourable_rate"] == pytest.approx(1 / 3)
    region = found["audits"]["region"]
    assert region["groups"]["(unknown)"]["n"] == 1
    assert region["best_group"] == "south"
    assert found["scores"]["sex"]["groups"]["m"]["mean"] == pytest.approx(2 / 3)


def test_another_answer_is_neither_where_the_negative_one_is_named(tmp_path: Path) -> None:
    overall = run(tmp_path, *OPTIONS, "--negative", "no")["overall"]
    assert (overall["n"], overall["n_pred_pos"], overall["n_pred_neg"]) == (6, 3, 2)


def test_it_needs_no_database_and_no_settings_of_a_server(tmp_path: Path) -> None:
    out = tmp_path / "german.json"
    command = [
        sys.executable, "manage.py", "audit_csv", str(GERMAN), "--truth", "good_credit", "--decision", "telephone",
        "--groups", "sex,foreign", "--favourable", "A192", "--true", "1", "--rules", "four_fifths",
        "--json", str(out),
    ]  # fmt: skip
    finished = subprocess.run(command, cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.startswith("1000 cases, ")
    assert json.loads(out.read_bytes())["n"] == 1000


@pytest.mark.parametrize(
    ("arguments", "lines", "words"),
    [
        (["--truth", "paid"], LINES, "there is no column paid"),
        (["--truth", "sex", "--groups", "region"], LINES, "no sex is 'yes'; there are f, m; name the true one"),
        (["--favourable", "perhaps"], LINES, "no decision is 'perhaps'; there are no, refer, yes"),
        (["--groups", "sex", "--score", "region"], LINES, "'north' is no number"),
        (["--groups", "sex,sex"], LINES, "one thing only: sex"),
        (["--minimum-cell", "-1"], LINES, "minimum_cell"),
        (["--rules", "hammurabi"], LINES, "there is no rule set 'hammurabi'"),
        ([], "sex,region,repaid,approved\n", "the file has no rows"),
        ([], "", "there is no column"),
        ([], LINES + "f,north\n", "has no"),
    ],
)
def test_what_cannot_be_audited_is_refused_in_words(
    tmp_path: Path, arguments: list[str], lines: str, words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        run(tmp_path, *OPTIONS, *arguments, lines=lines)
    assert not (tmp_path / "audit.json").exists()
