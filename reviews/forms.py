"""What the portal's forms send, parsed; whether it is allowed is the services' to say."""

import json
from typing import Any

from django import forms

from cases.validation import validator_of
from reviews.schemas import EVIDENCE
from reviews.services.comments import MAX_COMMENT
from reviews.services.judge import MAX_RATIONALE, Verdict

MAX_TOKEN = 2**63 - 1
DAY = 86_400
MAX_EVIDENCE = 20_000
_IS_EVIDENCE = validator_of(EVIDENCE)


class LeaseForm(forms.Form):
    """Under which lease the page was opened."""

    lease_token = forms.IntegerField(min_value=0, max_value=MAX_TOKEN, required=False)

    def token(self) -> int:
        """The lease's token; 0, which no lease has, where the form names none."""
        return int(self.cleaned_data.get("lease_token") or 0)


class AnswerForm(LeaseForm):
    """The blind first answer."""

    label = forms.CharField(max_length=200, error_messages={"required": "Choose a label first."})

    def sent(self) -> dict[str, Any]:
        """What the form held, right or wrong, to be shown again."""
        codes = self.data.getlist("reason_codes") if hasattr(self.data, "getlist") else []
        texts = {name: self.data.get(name, "") for name in ("label", "rationale")}
        rest = {name: self.cleaned_data.get(name) for name in ("active_seconds", "evidence")}
        return {**texts, **rest, "reason_codes": codes}


class EvidenceField(forms.CharField):
    """The marks as the page's modules write them into one hidden field: JSON."""

    def __init__(self) -> None:
        super().__init__(max_length=MAX_EVIDENCE, required=False)

    def clean(self, value: Any) -> list[dict[str, Any]]:
        """A list of marks; whether each lies in the case is the service's to say."""
        text = super().clean(value)
        try:
            marks = json.loads(text or "[]")
            _IS_EVIDENCE.validate(marks)
        except ValueError as error:  # a text that is no JSON, or JSON that is no evidence
            raise forms.ValidationError("What you marked could not be read. Mark it again.") from error
        found: list[dict[str, Any]] = marks
        return found


class VerdictForm(AnswerForm):
    """The last word on a case."""

    rationale = forms.CharField(max_length=MAX_RATIONALE, required=False, strip=True)
    reason_codes = forms.MultipleChoiceField(required=False)
    active_seconds = forms.FloatField(min_value=0, max_value=DAY, required=False)
    evidence = EvidenceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # which codes there are is the case type's to know; the service checks them against it
        codes = self.data.getlist("reason_codes") if hasattr(self.data, "getlist") else []
        self.fields["reason_codes"].choices = [(code, code) for code in codes]  # type: ignore[attr-defined]  # the stubs know no choices of a form field

    def verdict(self) -> Verdict:
        """The verdict that was sent."""
        data = self.cleaned_data
        return Verdict(
            label=data["label"],
            rationale=data["rationale"],
            reason_codes=tuple(data["reason_codes"]),
            active_seconds=data["active_seconds"],
            evidence=data["evidence"],
        )


class DraftForm(VerdictForm):
    """The same, unfinished."""

    label = forms.CharField(max_length=200, required=False)

    def body(self) -> dict[str, Any]:
        """What a draft keeps."""
        kept = ("label", "rationale", "reason_codes", "active_seconds", "evidence")
        return {name: self.cleaned_data[name] for name in kept}


class CommentForm(forms.Form):
    """Something said on a case."""

    text = forms.CharField(max_length=MAX_COMMENT, strip=True, error_messages={"required": "Write something first."})


class HandOverForm(forms.Form):
    """To whom a case is handed over."""

    to_user_id = forms.UUIDField()
    note = forms.CharField(required=False, strip=True)


class SeatForm(forms.Form):
    """Which case page a form of the whole portal was sent from."""

    seat = forms.UUIDField()
