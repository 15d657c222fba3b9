"""Those who lead reviewers, by the API: panels, one lease, queues and their settings, panel templates."""

from typing import Any

import pytest

from hitl_platform.access.services import set_roles
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Membership
from reviews.models import Queue, QueueUserPermission
from reviews.services import create_queue, grant_queue
from tests.reviews.conftest import Office
from tests.reviews.quality import decide, make_gold, set_queue
from tests.reviews.test_api_of_people import by

__all__ = ["by"]


@pytest.fixture
def mona_judges(office: Office, mona: Actor, cast: Any) -> Actor:
    """Mona, who manages the queue and may be asked to judge as well."""
    operator = system_actor(office.tenant.id, "operator")
    with office.scope():
        membership = Membership.objects.get(user_id=mona.id)
    set_roles(actor=operator, membership_id=membership.pk, roles=("manager", "reviewer"))
    return mona


def test_a_panel_is_found_with_its_seats_and_one_lease_is_ended(office: Office, by: Any, alice: Actor) -> None:
    (case,) = office.bring()
    seat = office.claim(alice)
    (panel,) = by("mona")("get", f"panels/?case={case.pk}")["items"]
    assert (panel["state"], panel["why"], panel["queue_key"]) == ("open", "no_model", "loans")
    (shown,) = by("mona")("get", f"panels/{panel['id']}/")["seats"]
    assert (shown["id"], shown["reviewer_id"], shown["state"]) == (str(seat.pk), str(alice.id), "claimed")
    page = by("mona")("post", f"seats/{seat.pk}/release", {})
    assert (page["mine"], page["payload"]) == (False, {})
    assert office.seat(seat).state == "open"
    by("bob")("post", f"seats/{seat.pk}/release", {}, status=403)


def test_a_panel_is_grown_moved_raised_and_disputed(office: Office, by: Any, mona: Actor) -> None:
    (case,) = office.bring()
    ask, panel = by("mona"), str(office.panel(case).pk)
    assert len(ask("post", f"panels/{panel}/add-seat", {"why": "Look again."})["seats"]) == 2
    raised = ask("post", f"panels/{panel}/raise-priority", {"by": 8, "why": "The applicant waits."})
    assert {each["priority_cause"] for each in raised["seats"]} == {"The applicant waits."}
    create_queue(actor=mona, key="others", name="Others", template_key="panel", case_type_key="loan")
    assert ask("post", f"panels/{panel}/move", {"queue": "others"})["queue_key"] == "others"
    wrong = ask("post", f"panels/{panel}/move", {"queue": "nowhere"}, status=400)
    assert list(wrong["errors"]) == ["queue_key"]
    disputed = ask("post", f"panels/{panel}/dispute", {"why": "They cannot agree."})
    assert disputed["state"] == "disputed"
    assert [each["kind"] for each in disputed["seats"] if each["state"] == "open"] == ["adjudicator"]
    ask("post", f"panels/{panel}/dispute", {"why": "Again."}, status=409)
    by("max")("post", f"panels/{panel}/dispute", {"why": "Not mine."}, status=404)
    by("gil")("get", f"panels/{panel}/", status=404)
    assert by("gil")("get", "panels/")["items"] == []
    assert by("max")("get", "panels/")["items"] == []
    assert len(by("ada")("get", "panels/?state=disputed")["items"]) == 1


def test_who_may_judge_a_case_learns_nothing_of_its_panel(office: Office, by: Any, mona_judges: Actor) -> None:
    (case,) = office.bring()
    panel = str(office.panel(case).pk)
    ask = by("mona")
    assert ask("get", "panels/")["items"] == []
    assert ask("get", "panels/?state=disputed")["items"] == []
    ask("get", f"panels/{panel}/", status=404)
    ask("post", f"panels/{panel}/add-seat", {"why": "Look again."}, status=404)
    assert len(office.seats(case)) == 1, "what was refused leaves nothing behind"
    office.judge(office.people["alice"])
    office.drain()
    assert [each["id"] for each in ask("get", "panels/")["items"]] == [panel]


def test_hidden_panels_are_in_no_list(office: Office, by: Any, alice: Actor) -> None:
    make_gold(office, decide(office, 1_000))
    office.bring(100)
    set_queue(office, gold_first=1)
    seat = office.claim(alice)
    assert seat.purpose == "gold"
    assert str(seat.panel_id) not in [each["id"] for each in by("mona")("get", "panels/")["items"]]
    by("mona")("get", f"panels/{seat.panel_id}/", status=404)


def test_a_queue_is_made_changed_and_granted(office: Office, by: Any, alice: Actor) -> None:
    ask = by("mona")
    made = ask("post", "queues/", {"key": "urgent", "name": "Urgent", "template_key": "panel"}, status=201)
    assert (made["case_type"], made["lease_seconds"]) == (None, 900)
    changed = ask("patch", "queues/urgent/settings", {"lease_seconds": 60, "skills": [{"skill": "de", "level": 2}]})
    assert (changed["lease_seconds"], changed["skills"]) == (60, [{"skill": "de", "level": 2}])
    assert ask("get", "queues/urgent/settings") == changed
    wrong = ask("patch", "queues/urgent/settings", {"gold_rate": 2}, status=400)
    assert list(wrong["errors"]) == ["gold_rate"]
    wrong = ask("patch", "queues/urgent/settings", {"template_key": "none"}, status=400)
    assert list(wrong["errors"]) == ["template_key"]
    by("alice")("get", "queues/urgent/settings", status=404)
    ask("post", "queues/urgent/grant", {"user_id": str(alice.id)})
    by("alice")("get", "queues/urgent/settings", status=403)
    by("alice")("patch", "queues/urgent/settings", {"lease_seconds": 10}, status=403)
    ask("post", "queues/urgent/revoke", {"user_id": str(alice.id)})
    ask("post", "queues/urgent/revoke", {"user_id": str(alice.id)}, status=409)
    with office.scope():
        urgent = Queue.objects.get(key="urgent")
        assert not QueueUserPermission.objects.filter(content_object=urgent, user_id=alice.id).exists()


def test_a_template_is_never_changed_but_followed(office: Office, by: Any) -> None:
    ask = by("mona")
    body = {"key": "panel", "name": "Panel of three", "seats": 3, "mode": "unanimous"}
    made = ask("post", "panel-templates/", body, status=201)
    assert (made["version"], made["seats_max"], made["mode"]) == (2, 3, "unanimous")
    assert [each["version"] for each in ask("get", "panel-templates/")] == [2]
    wrong = ask("post", "panel-templates/", body | {"seats": 40}, status=400)
    assert list(wrong["errors"]) == ["seats"]
    wrong = ask("post", "panel-templates/", body | {"stop": "confident"}, status=400)
    assert wrong["errors"], "a stop rule that asks for a confidence, without one"
    by("alice")("get", "panel-templates/", status=403)


def test_a_manager_of_another_queue_changes_nothing(office: Office, by: Any, other_manager: Actor) -> None:
    by("max")("patch", "queues/loans/settings", {"lease_seconds": 60}, status=404)
    grant_queue(actor=office.manager, queue_key="loans", user_id=other_manager.id, permission="manage_queue")
    assert by("max")("patch", "queues/loans/settings", {"lease_seconds": 60})["lease_seconds"] == 60
