"""What the forms of appeals take; services decide whether it will do."""

from django import forms

from audits.models import AppealOutcome
from audits.services.appeals import LONGEST_ANSWER, LONGEST_STATEMENT
from reviews.models import PanelTemplate, Queue

OUTCOMES = {
    AppealOutcome.UPHELD: "Upheld: the decision stands",
    AppealOutcome.REVERSED: "Reversed: the decision is replaced",
    AppealOutcome.PARTLY: "Partly reversed",
}


class StatementForm(forms.Form):
    statement = forms.CharField(
        label="Why do you think that the decision is wrong?",
        max_length=LONGEST_STATEMENT,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
        error_messages={"required": "Say why, in your own words."},
    )


class AnswerForm(forms.Form):
    outcome = forms.ChoiceField(label="Outcome", error_messages={"required": "Choose the outcome."})
    answer = forms.CharField(
        label="Reasons, for the person to read",
        max_length=LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
        error_messages={"required": "Say why: the person gets these reasons."},
    )

    def __init__(self, data: object = None, *, outcomes: list[str]) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # a QueryDict or nothing
        self.fields["outcome"].choices = [(key, OUTCOMES[AppealOutcome(key)]) for key in outcomes]  # type: ignore[attr-defined]  # a ChoiceField


class RuleForm(forms.Form):
    queue = forms.ChoiceField(label="Queue that hears them", help_text="A queue in which no other cases are decided.")
    template = forms.ChoiceField(label="Panel", help_text="A whole panel of people; the model has no voice.")
    answer_within = forms.CharField(label="Answered within", max_length=20, help_text="Such as 10d, in working time.")
    calendar = forms.CharField(label="Calendar", max_length=63, required=False, help_text="Empty: round the clock.")
    open_days = forms.IntegerField(label="Days after the decision in which one may appeal", min_value=1, max_value=3650)

    def __init__(self, data: object = None, *, initial: dict[str, object] | None = None) -> None:
        super().__init__(data, initial=initial)  # type: ignore[arg-type]  # a QueryDict or nothing
        queues = Queue.objects.filter(is_active=True).order_by("name").values_list("key", "name")
        newest = PanelTemplate.objects.order_by("key", "-version").distinct("key").values_list("key", "name")
        self.fields["queue"].choices = list(queues)  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["template"].choices = list(newest)  # type: ignore[attr-defined]  # a ChoiceField
