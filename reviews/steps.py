"""What the pipeline does on this floor: route, settle, free, close."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from cases.services import NewDecision, decide_cases
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import open_command, record, record_batch
from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.pipeline.services import NewStep, enqueue_many
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.scope import tenant_scope
from reviews import dispatch, settlement
from reviews.judged import JudgedPanel
from reviews.models import LIVE_PANEL, Consensus, Panel, SeatDraft
from reviews.services.appeal_rounds import tell_of_appeals
from reviews.services.escalations import end_with_panels, fire_disputes
from reviews.services.hiding import ask_for_hidden
from reviews.services.leases import enqueue_expiry, expire_queue, next_lease_end
from reviews.services.panels import NewSeat, add_adjudicators, add_seats, cancel_seats, move_panels, told_of_seat

# routing writes one event for all cases of a batch
CHUNK = 1_000


def route_cases(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Send each case where its policy says: decided at once, or to a panel of people."""
    causes = {case_id: step.cause for step in steps for case_id in step.case_ids}
    with tenant_scope(steps[0].tenant_id):
        chunk = dispatch.read_chunk(steps[0].tenant_id, list(causes), causes=causes)
    dispatched = dispatch.dispatch(chunk)
    with finish():
        _write(steps[0].tenant_id, dispatched)


def route_to_humans(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Routing failed for good: people decide. Where no queue is found the step dies visibly."""
    causes = {case_id: step.cause or "routing_failed" for step in steps for case_id in step.case_ids}
    with tenant_scope(steps[0].tenant_id):
        chunk = dispatch.read_chunk(steps[0].tenant_id, list(causes), causes=causes)
    dispatched = dispatch.send_to_people(chunk, cause="routing_failed")
    with finish():
        _write(steps[0].tenant_id, dispatched)


def _write(tenant_id: UUID, dispatched: Sequence[dispatch.Dispatched]) -> None:
    actor = system_actor(tenant_id, "routing")
    for start in range(0, len(dispatched), CHUNK):
        dispatch.write_dispatched(actor, dispatched[start : start + CHUNK])


def aggregate_panels(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Let each panel on which somebody has judged make its next move: settle, go to an adjudicator, ask one more."""
    tenant_id = steps[0].tenant_id
    with tenant_scope(tenant_id):
        moves = settlement.next_moves([step.subject_id for step in steps])
    actor = system_actor(tenant_id, "consensus")
    # to look again later is no event of a case, and stands outside the command that tells of the others
    with finish.closing():
        with open_command("next moves of panels", tenant_id=tenant_id):
            _settle(actor, [verdict for verdict in moves.verdicts if verdict.label is not None])
            _dispute(actor, [verdict for verdict in moves.verdicts if verdict.label is None])
            _grow(actor, moves.growing)
        _come_again(tenant_id, moves.again)
        ask_for_hidden(tenant_id=tenant_id, panel_ids=[step.subject_id for step in steps])


def _settle(actor: Actor, verdicts: Sequence[settlement.Verdict]) -> None:
    event_id = uuid7()
    # cases, then panels, then seats: everybody locks in this order
    decisions = decide_cases(actor=actor, decisions=[_decision(verdict, event_id) for verdict in verdicts])
    decided = {decision.case_id: decision for decision in decisions}
    of_panel = {verdict.panel.pk: verdict for verdict in verdicts if verdict.panel.case_id in decided}
    settled = move_panels("settle", panel_ids=list(of_panel))
    if len(settled) != len(of_panel):
        raise RuntimeError("a panel was settled twice: nothing of this batch stands")
    if not settled:
        return
    _keep(actor, [of_panel[panel_id] for panel_id in settled], verb="panel.settled")
    cancel_seats(panel_ids=settled)
    SeatDraft.objects.filter(seat__panel_id__in=settled).delete()
    end_with_panels(actor=actor, panel_ids=settled, because="panel_settled")
    items = {
        str(case_id): {"decision_id": str(decision.id), "label": decision.label, "made_by": str(decision.made_by)}
        for case_id, decision in decided.items()
    }
    record_batch("case.decided", "case", actor=actor, items=items, event_id=event_id)
    tell_of_appeals(tenant_id=actor.tenant_id, panels=[of_panel[panel_id].panel for panel_id in settled])


def _decision(verdict: settlement.Verdict, event_id: UUID) -> NewDecision:
    return NewDecision(
        case_id=verdict.panel.case_id,
        label=str(verdict.label),
        made_by=verdict.made_by,
        event_id=event_id,
        confidence=verdict.confidence,
        posterior=verdict.posterior,
        policy_id=verdict.panel.policy_id,
        panel_id=verdict.panel.pk,
        consensus_id=verdict.chosen.pk if verdict.chosen else None,
        reason_codes=verdict.reason_codes,
    )


def _dispute(actor: Actor, verdicts: Sequence[settlement.Verdict]) -> None:
    of_panel = {verdict.panel.pk: verdict for verdict in verdicts}
    disputed = move_panels("dispute", panel_ids=list(of_panel))
    if disputed:
        _keep(actor, [of_panel[panel_id] for panel_id in disputed], verb="panel.disputed")
        cancel_seats(panel_ids=disputed)
        add_adjudicators(actor=actor, panel_ids=disputed)
        fire_disputes(actor=actor, confidences={panel_id: of_panel[panel_id].confidence for panel_id in disputed})


def _grow(actor: Actor, growing: Sequence[tuple[JudgedPanel, str]]) -> None:
    asked = [NewSeat(each.panel.pk, each.number, each.next_seat()) for each, _ in growing]
    added = add_seats(actor=actor, seats=asked)
    for seat, (each, because) in zip(asked, growing, strict=True):
        if each.panel.pk in added:
            told = told_of_seat(added[each.panel.pk], plan=seat.plan, because=because)
            record("panel.seat_added", each.panel, actor=actor, body=told)


def _keep(actor: Actor, verdicts: Sequence[settlement.Verdict], *, verb: str) -> None:
    """Store every method's consensus, and record what each panel came to."""
    Consensus.objects.bulk_create([row for verdict in verdicts for row in verdict.consensuses])
    for verdict in verdicts:
        record(verb, verdict.panel, actor=actor, body=settlement.told_of(verdict))


def _come_again(tenant_id: UUID, again: Mapping[UUID, datetime]) -> None:
    """Panels whose next judgment stands later, or that wait for their other seats: look again then."""
    cases = dict(Panel.objects.filter(pk__in=again).values_list("pk", "case_id")) if again else {}
    rows = [
        NewStep(panel_id, (cases[panel_id],), dedupe_key=f"again:{at.isoformat()}", run_at=at)
        for panel_id, at in again.items()
    ]
    enqueue_many("consensus", tenant_id=tenant_id, rows=rows)


def expire_leases(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Open the seats whose leases have ended, and come again for those that run on."""
    tenant_id = steps[0].tenant_id
    with finish.closing():
        for queue_id in sorted({step.subject_id for step in steps}):
            with open_command("expire leases", tenant_id=tenant_id):
                expire_queue(tenant_id=tenant_id, queue_id=queue_id)
            ends_at = next_lease_end(queue_id)
            if ends_at is not None:
                # a seat that somebody held locked just now is over already: never this step's own span again
                enqueue_expiry(tenant_id=tenant_id, queue_id=queue_id, ends_at=max(ends_at, timezone.now()))


def close_reviews(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """The cases were withdrawn: nobody is asked about them any more."""
    actor = system_actor(steps[0].tenant_id, "withdrawal")
    cases = [case_id for step in steps for case_id in step.case_ids]
    with finish():
        live = Panel.objects.filter(case_id__in=cases, state__in=LIVE_PANEL)
        cancelled = move_panels("cancel", panel_ids=list(live.values_list("pk", flat=True)))
        cancel_seats(panel_ids=cancelled)
        panels = list(Panel.objects.filter(pk__in=cancelled))
        tell_of_appeals(tenant_id=actor.tenant_id, panels=panels)
        for panel in panels:
            record("panel.cancelled", panel, actor=actor, body={"because": "withdrawn"})
        end_with_panels(actor=actor, panel_ids=cancelled, because="case_withdrawn", verb="cancel")
