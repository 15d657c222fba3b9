"""Everything that happened to one case, read for those who may tell its story: a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from audits import appeal_queries, permissions
from audits.appeal_permissions import can_handle_appeals
from audits.models import Appeal
from cases.definitions import label_names
from cases.layouts import field_titles
from cases.models import Case, CaseTypeVersion, Decision, Outcome
from cases.queries import get_full_case
from hitl_platform.kernel.errors import NotFound, require
from hitl_platform.ledger.disclosure import is_judge
from hitl_platform.tenants.actor import Actor
from models_registry.models import ModelVersion, Prediction
from reviews.models import Consensus, Judgment, Panel, Purpose, RoutingRecord


@dataclass(frozen=True)
class CaseRecord:
    """One case with all that was said and decided of it, each list in order of time. Gold and second looks, which
    decide nothing, are left out."""

    case: Case
    decisions: Sequence[Decision]
    outcomes: Sequence[Outcome]
    routes: Sequence[RoutingRecord]
    predictions: Sequence[Prediction]
    panels: Sequence[Panel]
    judgments: Sequence[Judgment]
    consensuses: Sequence[Consensus]
    appeals: Sequence[Appeal]

    @property
    def version(self) -> CaseTypeVersion:
        """The definition under which the case was submitted."""
        version: CaseTypeVersion = self.case.type_version
        return version

    @cached_property
    def names(self) -> dict[str, str]:
        """What the labels are called."""
        return label_names(self.version.labels)

    @cached_property
    def titles(self) -> dict[str, str]:
        """What the fields of the payload are called."""
        return field_titles(self.version.layout, schema=self.version.payload_schema)

    @cached_property
    def code_names(self) -> dict[str, str]:
        """What the reason codes say."""
        return {code["key"]: code["name"] for code in self.version.reason_codes}

    @cached_property
    def standing(self) -> Decision | None:
        """The decision that stands."""
        return next((each for each in self.decisions if each.pk == self.case.decision_id), None)

    def panel_of(self, decision: Decision) -> Panel | None:
        """The panel that led to a decision."""
        return next((panel for panel in self.panels if panel.pk == decision.panel_id), None)

    def judgments_of(self, panel: Panel) -> list[Judgment]:
        """What was said on a panel."""
        return [judgment for judgment in self.judgments if judgment.panel_id == panel.pk]

    def prediction_by(self, *, prediction_id: UUID | None = None, version_id: UUID | None = None) -> Prediction | None:
        """What the model said: a prediction by its own id, or the one of a version."""
        return next(
            (
                each
                for each in self.predictions
                if (prediction_id is not None and each.pk == prediction_id)
                or (version_id is not None and each.model_version_id == version_id)
            ),
            None,
        )


def read_case_record(actor: Actor, case_id: UUID) -> CaseRecord:
    """The record of a case for those who answer for it, or NotFound.

    Raises Forbidden for whoever may still be asked to judge it: they must not read what others or a model said.
    """
    require(permissions.can_audit(actor) or can_handle_appeals(actor))
    case = get_full_case(actor, case_id)
    require(
        not (is_judge(actor) and case.is_open),
        "The case is open, and you may be asked to judge it.",
        code="may_be_asked",
    )
    panels = Panel.objects.filter(case=case, purpose=Purpose.LIVE).select_related("template", "queue")
    judgments = Judgment.objects.filter(case=case, purpose=Purpose.LIVE, superseded_at__isnull=True)
    predictions = Prediction.objects.filter(case=case, model_version__promoted_at__isnull=False)
    return CaseRecord(
        case=case,
        decisions=list(case.decisions.all()),
        outcomes=list(case.outcomes.all()),
        routes=list(RoutingRecord.objects.filter(case=case).select_related("policy").order_by("created_at", "id")),
        predictions=list(predictions.select_related("model_version__model").order_by("id")),
        panels=list(panels.order_by("round")),
        judgments=list(judgments.order_by("judged_at", "id")),
        consensuses=list(Consensus.objects.filter(panel__case=case, chosen=True).order_by("id")),
        appeals=list(appeal_queries.appeals_of(case.pk)),
    )


def observed_payloads(record: CaseRecord, *, most: int = 300) -> list[dict[str, object]]:
    """Payloads of the newest decided cases of the same type, this one not among them."""
    decided = Case.objects.filter(case_type_id=record.case.case_type_id, state="decided").exclude(pk=record.case.pk)
    newest = decided.order_by("-id").values_list("stored_payload__payload", flat=True)[:most]
    return [payload for payload in newest if payload]


def get_pinned_version(version_id: UUID) -> ModelVersion:
    """A model version as it was pinned, in whatever state it is now."""
    version = ModelVersion.objects.select_related("model").filter(pk=version_id).first()
    if version is None:
        raise NotFound
    return version
