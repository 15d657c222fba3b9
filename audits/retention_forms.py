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


class TermField(forms.MultiValueField):
    """A class of retention by its name, or a number of months; None for never."""

    def __init__(self, **options: Any) -> None:
        fields = (
            forms.ChoiceField(choices=TERMS, required=False),
            forms.IntegerField(min_value=1, max_value=MAX_MONTHS, required=False),
        )
        widget = TermWidget()
        super().__init__(fields, require_all_fields=False, required=False, widget=widget, **options)

    def compress(self, data_list: list[Any]) -> int | None:
        """The months."""
        chosen, months = data_list or (NEVER, None)
        if chosen == OTHER and months is None:
            raise forms.ValidationError("Say after how many months.")
        return months if chosen == OTHER else CLASSES[chosen][0] if chosen in CLASSES else None


class TermWidget(forms.MultiWidget):
    """A choice, and a number beside it for another term."""

    def __init__(self) -> None:
        number = forms.NumberInput(attrs={"min": 1, "max": MAX_MONTHS, "aria-label": "Months, for another term"})
        super().__init__({"class": forms.Select(choices=TERMS), "months": number})

    def decompress(self, value: Any) -> list[Any]:
        """Class and months of a term in months."""
        for key, (months, _) in CLASSES.items():
            if months == value:
                return [key, None]
        return [OTHER, value] if value else [NEVER, None]

    def id_for_label(self, id_: str) -> str:
        """The label is the choice's; the number has one of its own."""
        return f"{id_}_0" if id_ else id_

    def use_required_attribute(self, initial: Any) -> bool:
        return False


class RuleForm(forms.Form):
    """A new version of a case type's rule."""

    case_type = forms.ChoiceField(label="Case type")
    basis = forms.CharField(label="Why so long, and no longer", max_length=MAX_BASIS, help_text="A law, a policy.")
    reduce_after = TermField(label="Reduce after", help_text="Counted from the decision, or from the withdrawal.")
    kept_fields = forms.CharField(
        label="Fields that stay then", required=False, help_text="Of the payload, separated by commas. All else goes."
    )
    kept_attributes = forms.CharField(
        label="Protected attributes that stay then", required=False, help_text="Without them no audit sees the case."
    )
    erase_after = TermField(label="Erase after", help_text="Nothing of the content stays; the decision does.")

    def __init__(self, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # a QueryDict or nothing
        types = CaseType.objects.order_by("name").values_list("key", "name")
        self.fields["case_type"].choices = list(types)  # type: ignore[attr-defined]  # a ChoiceField

    def terms(self) -> dict[str, Any]:
        """What the service takes."""
        chosen = self.cleaned_data
        return {
            "case_type_key": chosen["case_type"],
            "basis": chosen["basis"],
            "reduce_after_months": chosen["reduce_after"],
            "kept_fields": names_in(chosen["kept_fields"]),
            "kept_attributes": names_in(chosen["kept_attributes"]),
            "erase_after_months": chosen["erase_after"],
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
