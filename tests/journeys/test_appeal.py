"""A person is declined, appeals by a link, is heard by others, gets reasons; an outsider checks the whole of it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from cases.models import Decision
from hitl_platform.tenants.actor import Actor
from tests.audits.appealing import STATEMENT, open_court
from tests.databases import seal_committed
from tests.reviews.conftest import Office


def test_the_story(
    office: Office, ada: Actor, api: APIClient, client_for: Callable[[Actor], Client], tmp_path: Path
) -> None:
    cache.clear()
    court = open_court(office, ada)
    case = court.decided("alice", "decline", attributes={"sex": "female"})

    # the lender's system asks for a link, and the person uses it without a login
    made = api.post(f"/api/v1/cases/{case.pk}/appeal-link", {}, format="json")
    path = made.json()["url"].partition("/audits/")[2]
    person = Client()
    assert person.get(f"/audits/{path}").status_code == 200
    assert person.post(f"/audits/{path}", {"statement": STATEMENT}).status_code == 302
    told = api.get("/api/v1/appeals/", {"case": str(case.pk)}).json()["items"][0]
    assert (told["state"], told["outcome"]) == ("in_review", "")
    assert api.get(f"/api/v1/cases/{case.pk}/").json()["state"] == "in_review"

    # two who had no part in it judge afresh; who decided is given nothing
    assert court.claim("alice") is None
    court.hear("approve", "bob", "carol")
    officer = client_for(ada)
    answer = {"outcome": "reversed", "answer": "Your savings are an asset, and were counted as a debt."}
    assert officer.post(f"/audits/appeals/{told['id']}/", answer).status_code == 302

    # the person's side reads the answer; the history keeps both decisions
    answered = api.get(f"/api/v1/appeals/{told['id']}/").json()
    assert (answered["state"], answered["outcome"], answered["result_label"]) == ("decided", "reversed", "approve")
    assert answered["answer"] == answer["answer"]
    with office.scope():
        labels = Decision.objects.filter(case=case).order_by("sequence").values_list("label", flat=True)
        assert list(labels) == ["decline", "approve"]
    story = officer.get(f"/audits/cases/{case.pk}/story.json").json()
    assert [each["what"] for each in story["story"]][-1] == "The appeal was reversed"

    # the ledger proves itself where nothing of ours is, and the person's words stand beside its events
    seal_committed()
    call_command("export_ledger", tenant="acme", out=tmp_path / "export", since=0)
    verify = [sys.executable, "-I", "-S", str(tmp_path / "export" / "verify.py"), str(tmp_path / "export")]
    verified = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stdout
    assert b"".join(officer.get("/api/v1/ledger/export").streaming_content)[:2] == b"PK"
    assert "ledger" in officer.get("/audits/access/?kind=exported").content.decode().partition("<tbody>")[2]
    lines = (tmp_path / "export" / "events.ndjson").read_text()
    verbs = [json.loads(line)["verb"] for line in lines.splitlines()]
    for verb in (
        "appeal.received",
        "case.reopened",
        "appeal.sent",
        "appeal.heard",
        "appeal.answered",
        "access.exported",
    ):
        assert verb in verbs, verb
    assert STATEMENT not in lines
    assert answer["answer"] not in lines
