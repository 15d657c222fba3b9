"""Cases with known answers, for the tests of quality."""

from typing import Any

from cases.models import Case
from reviews.models import GoldItem, GoldResult, HiddenSeat, Judgment
from reviews.services.gold import approve_gold, propose_gold
from tests.reviews.conftest import Office


def decide(office: Office, *amounts: float, by: str = "sam", label: str = "approve") -> list[Case]:
    """Cases that `by` has decided."""
    cases = office.bring(*amounts)
    for _ in cases:
        office.judge(office.people[by], label)
    office.drain()
    return cases


def make_gold(office: Office, cases: list[Case], *, label: str = "approve", **fields: Any) -> list[GoldItem]:
    """An active item for each decided case."""
    items = [
        propose_gold(
            actor=office.manager, case_type_key="loan", external_id=case.external_id, label=label,
            why="The income carries it.", **fields,
        )
        for case in cases
    ]  # fmt: skip
    return [approve_gold(actor=office.second_manager, item_id=item.pk) for item in items]


def set_queue(office: Office, **fields: Any) -> None:
    """Settings of the queue, as they stand in its row."""
    with office.scope():
        type(office.queue).objects.filter(pk=office.queue.pk).update(**fields)


def assess(office: Office) -> int:
    """Let what was judged be compared with what is known."""
    return office.drain("assess", "consensus")


def open_ahead(office: Office) -> int:
    """Let the seats be opened that are to be hidden next, between two claims; says how many were asked for."""
    office.drain("assess", "consensus")
    return office.drain("hide")


def hidden_of(office: Office, judgment: Judgment) -> HiddenSeat | None:
    """What a judgment's seat really was."""
    with office.scope():
        return HiddenSeat.objects.filter(panel_id=judgment.panel_id).first()


def results(office: Office, **filters: Any) -> list[GoldResult]:
    """Gold results, first to last."""
    with office.scope():
        return list(GoldResult.objects.filter(**filters).order_by("id"))
