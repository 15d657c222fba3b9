"""What the forms of bias audits take; services decide whether it will do."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms

from audits.fairness import rule_sets
from audits.services.bias import MAX_STATEMENT
from cases.models import CaseType, CaseTypeVersion
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

    type = forms.ModelChoiceField(None, to_field_name="key", label="Case type", empty_label=None)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["type"].queryset = CaseType.objects.order_by("name")  # type: ignore[attr-defined]  # a ModelChoiceField


class AuditForm(forms.Form):
    """What to audit, for one case type."""

    title = forms.CharField(label="Name", max_length=200, required=False, help_text="How you will find it again.")
    attributes = forms.MultipleChoiceField(
        label="Protected attributes", widget=MANY, error_messages={"required": "Choose at least one."},
        help_text="Each alone, and every intersection of those you choose.",
    )  # fmt: skip
    since = forms.DateField(label="Decided from", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="to, included", widget=forms.DateInput(attrs={"type": "date"}))
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
        last = date.today().replace(day=1) - timedelta(days=1)  # noqa: DTZ011 - a suggestion, to be changed by hand
        self.fields["until"].initial, self.fields["since"].initial = last, last.replace(day=1)

    def asked(self, case_type: str) -> dict[str, Any]:
        """As the service takes it."""
        given = self.cleaned_data
        kept = ("attributes", "favourable", "unfavourable", "truth", "reference", "minimum_cell", "rule_sets")
        asked = {name: given[name] for name in kept} | {"case_type": case_type, "period": {
            "from": _begin(given["since"]), "to": _begin(given["until"] + timedelta(days=1)),
        }}  # fmt: skip
        return asked | {name: given[name] for name in ("title", "queue") if given[name]}


class StatementForm(forms.Form):
    statement = forms.CharField(
        label="What you have read and what you conclude", max_length=MAX_STATEMENT,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        error_messages={"required": "Say what you have read and what you conclude."},
    )  # fmt: skip


def _begin(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()
