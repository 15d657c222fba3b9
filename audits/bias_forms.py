"""What the forms of bias audits take; services decide whether it will do."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms

from audits.fairness import rule_sets
from audits.models import BiasAudit, Every
from audits.services.bias import MAX_STATEMENT
from audits.services.bias_findings import MAX_WORDS
from audits.tallying import DECIDERS, FINAL
from cases.models import CaseType, CaseTypeVersion
from hitl_platform.tenants.models import Membership
from reviews.models import Queue

MANY = forms.CheckboxSelectMultiple
TRUTHS = [
    ("outcomes", "Outcomes: what turned out to be true"),
    ("adjudication", "Adjudication: what adjudicators decided"),
    ("gold", "Approved known answers"),
    ("none", "None: compare decisions alone"),
]
REFERENCES = [("best", "the group with the best rate"), ("largest", "the largest group")]


class TypeForm(forms.Form):
    """Of which case type."""

    type: "forms.ModelChoiceField[CaseType]" = forms.ModelChoiceField(
        None, to_field_name="key", label="Case type", empty_label=None
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["type"].queryset = CaseType.objects.order_by("name")  # type: ignore[attr-defined]  # a ModelChoiceField


class QuestionForm(forms.Form):
    """What audits ask, whether once or each month, for one case type."""

    title = forms.CharField(label="Name", max_length=200, required=False, help_text="How you will find it again.")
    attributes = forms.MultipleChoiceField(
        label="Protected attributes", widget=MANY, error_messages={"required": "Choose at least one."},
        help_text="Each alone, and every intersection of those you choose.",
    )  # fmt: skip
    queue = forms.ChoiceField(label="Only cases of the queue", required=False)
    favourable = forms.MultipleChoiceField(label="Labels that give what is asked for", widget=MANY)
    unfavourable = forms.MultipleChoiceField(label="Labels that refuse it", widget=MANY)
    truth = forms.ChoiceField(label="Where the truth comes from", choices=TRUTHS)
    reference = forms.ChoiceField(label="Groups are compared with", choices=REFERENCES)
    minimum_cell = forms.IntegerField(
        label="Smallest group that is shown", min_value=0, max_value=10_000, initial=10,
        help_text="Smaller ones are suppressed, so that no figure tells of one person.",
    )  # fmt: skip
    rule_sets = forms.MultipleChoiceField(label="Rule sets", widget=MANY, required=False)

    def __init__(self, data: Any = None, *, version: CaseTypeVersion) -> None:
        super().__init__(data)
        names = [(label["key"], label["name"]) for label in version.labels]
        favourable = [label["key"] for label in version.labels if label.get("favourable")]
        queues = Queue.objects.filter(case_type_id=version.case_type_id).order_by("name")
        attributes = [(key, each.get("title") or key) for key, each in version.attributes_schema.items()]
        for field, choices in {
            "attributes": attributes,
            "favourable": names,
            "unfavourable": names,
            "queue": [("", "All of them"), *((queue.key, queue.name) for queue in queues)],
            "rule_sets": [(each.id, each.name) for each in rule_sets()],
        }.items():
            self.fields[field].choices = choices  # type: ignore[attr-defined]  # a choice field
        self.fields["favourable"].initial = favourable
        self.fields["unfavourable"].initial = [key for key, _ in names if key not in favourable]
        self.fields["attributes"].initial = [key for key, _ in attributes][:2]

    def given(self, case_type: str) -> dict[str, Any]:
        """The same without the days."""
        given = self.cleaned_data
        kept = ("attributes", "favourable", "unfavourable", "truth", "reference", "minimum_cell", "rule_sets")
        optional = {name: given[name] for name in ("title", "queue") if given[name]}
        return {name: given[name] for name in kept} | {"case_type": case_type} | optional


class AuditForm(QuestionForm):
    """One audit: the question, and when the cases were decided."""

    since = forms.DateField(label="Decided from", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="to, included", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any = None, *, version: CaseTypeVersion) -> None:
        super().__init__(data, version=version)
        last = date.today().replace(day=1) - timedelta(days=1)  # noqa: DTZ011 - a suggestion, to be changed by hand
        self.fields["until"].initial, self.fields["since"].initial = last, last.replace(day=1)

    def asked(self, case_type: str) -> dict[str, Any]:
        """As the service takes it."""
        days = (self.cleaned_data["since"], self.cleaned_data["until"] + timedelta(days=1))
        return self.given(case_type) | {"period": dict(zip(("from", "to"), map(_begin, days), strict=True))}


class StatementForm(forms.Form):
    statement = forms.CharField(
        label="What you have read and what you conclude", max_length=MAX_STATEMENT,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        error_messages={"required": "Say what you have read and what you conclude."},
    )  # fmt: skip


def _begin(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()


class AssignForm(forms.Form):
    """Who acts on a finding, and until when."""

    owner_id = forms.TypedChoiceField(label="Owner", coerce=UUID)
    due_on = forms.DateField(label="Due", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        members = Membership.objects.filter(is_active=True).select_related("user").order_by("user__name")
        self.fields["owner_id"].choices = [(str(each.user_id), each.user.name) for each in members]  # type: ignore[attr-defined]  # a choice field


class WordsForm(forms.Form):
    """What was done."""

    action = forms.CharField(
        label="What was done", max_length=MAX_WORDS, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"})
    )


class CloseForm(forms.Form):
    """Why a finding ends."""

    conclusion = forms.CharField(
        label="Why it ends", max_length=MAX_WORDS, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"})
    )
    retest_id = forms.TypedChoiceField(label="Shown by the audit", coerce=UUID, required=False, empty_value=None)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        audits = BiasAudit.objects.filter(finished_at__isnull=False).order_by("-id").values_list("pk", "title")
        choices = [("", "No audit: for the reason above"), *((str(pk), title) for pk, title in audits[:50])]
        self.fields["retest_id"].choices = choices  # type: ignore[attr-defined]  # a choice field


class ScheduleForm(QuestionForm):
    """An audit that comes round: as one by hand, but for its days."""

    every = forms.ChoiceField(label="How often", choices=Every.choices, initial=Every.MONTH)

    def asked(self, case_type: str) -> dict[str, Any]:
        """As the service takes it."""
        return self.given(case_type) | {"every": self.cleaned_data["every"]}


class WatchForm(forms.Form):
    """Which ratio is watched."""

    name = forms.CharField(label="Name", max_length=200)
    decider = forms.ChoiceField(label="Whose answers", choices=[(each, each) for each in DECIDERS], initial=FINAL)
    attribute = forms.ChoiceField(label="By attribute")
    at_least = forms.DecimalField(
        label="Alert below", min_value=Decimal("0.001"), max_value=1, decimal_places=3, initial=Decimal("0.8"),
        help_text="The lowest group's favourable rate divided by the highest group's.",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, version: CaseTypeVersion) -> None:
        super().__init__(data)
        attributes = [(key, each.get("title") or key) for key, each in version.attributes_schema.items()]
        self.fields["attribute"].choices = attributes  # type: ignore[attr-defined]  # a choice field

    def watched(self) -> dict[str, Any]:
        """As the service takes it: the band in thousandths."""
        given = self.cleaned_data
        return {**given, "at_least": int(given["at_least"] * 1000)}
