"""What the forms of retention take; services decide whether it will do."""

from typing import Any

from django import forms

from audits.retention import CLASSES, MAX_MONTHS
from audits.services.retention_holds import MAX_REASON
from audits.services.retention_rules import MAX_BASIS
from cases.models import CaseType

OTHER = "other"
NEVER = ""
TERMS = [(NEVER, "Never"), *((key, words) for key, (_, words) in CLASSES.items()), (OTHER, "Another term, in months")]
WHAT = [
    ("case", "One case, by its reference or id"),
    ("subject", "All cases about one subject"),
    ("person", "A person who has left, by address"),
]


def names_in(text: str) -> list[str]:
    """The names in a line, separated by commas."""
    return [name for part in text.split(",") if (name := part.strip())]


def _months(label: str) -> forms.IntegerField:
    """The number that belongs to another term."""
    help_text = "Only where “Another term” is chosen."
    return forms.IntegerField(label=label, min_value=1, max_value=MAX_MONTHS, required=False, help_text=help_text)


def _term(chosen: str, months: int | None) -> int | None:
    """A term in months; None for never."""
    return months if chosen == OTHER else CLASSES[chosen][0] if chosen in CLASSES else None


class RuleForm(forms.Form):
    """A new version of a case type's rule."""

    case_type = forms.ChoiceField(label="Case type")
    basis = forms.CharField(label="Why so long, and no longer", max_length=MAX_BASIS, help_text="A law, a policy.")
    reduce_after = forms.ChoiceField(
        label="Reduce after", choices=TERMS, required=False, help_text="From the decision, or the withdrawal."
    )
    reduce_months = _months("Months until it is reduced")
    kept_fields = forms.CharField(
        label="Fields that stay then", required=False, help_text="Of the payload, separated by commas. All else goes."
    )
    kept_attributes = forms.CharField(
        label="Protected attributes that stay then", required=False, help_text="Without them no audit sees the case."
    )
    erase_after = forms.ChoiceField(
        label="Erase after", choices=TERMS, required=False, help_text="Nothing of the content stays; the decision does."
    )
    erase_months = _months("Months until it is erased")

    def __init__(self, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # a QueryDict or nothing
        types = CaseType.objects.order_by("name").values_list("key", "name")
        self.fields["case_type"].choices = list(types)  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        """Another term has its number."""
        chosen = super().clean() or {}
        for part in ("reduce", "erase"):
            is_told = chosen.get(f"{part}_months") is not None or f"{part}_months" in self.errors
            if chosen.get(f"{part}_after") == OTHER and not is_told:
                self.add_error(f"{part}_months", "Say after how many months.")
        return chosen

    def terms(self) -> dict[str, Any]:
        """What the service takes."""
        chosen = self.cleaned_data
        return {
            "case_type_key": chosen["case_type"],
            "basis": chosen["basis"],
            "reduce_after_months": _term(chosen["reduce_after"], chosen["reduce_months"]),
            "kept_fields": names_in(chosen["kept_fields"]),
            "kept_attributes": names_in(chosen["kept_attributes"]),
            "erase_after_months": _term(chosen["erase_after"], chosen["erase_months"]),
        }


class ReasonForm(forms.Form):
    """Why a hold ends."""

    reason = forms.CharField(label="Why", max_length=MAX_REASON, error_messages={"required": "Say why."})


class HoldForm(ReasonForm):
    """A case, and why it stays."""

    field_order = ("case", "reason")
    case = forms.CharField(label="Case", max_length=200, help_text="Its reference or its id.")


class LookForm(forms.Form):
    """What somebody asks to be erased."""

    what = forms.ChoiceField(label="What", choices=WHAT)
    which = forms.CharField(label="Which", max_length=300)


class EraseForm(LookForm, ReasonForm):
    """The same, meant."""

    what = forms.ChoiceField(choices=WHAT, widget=forms.HiddenInput)
    which = forms.CharField(max_length=300, widget=forms.HiddenInput)
    meant = forms.BooleanField(
        label="I know that this cannot be undone", error_messages={"required": "Confirm that you know."}
    )
