"""The console's forms of queues: where work waits, what it asks of people, and how much of it is checked."""

import re
from typing import Any

from django import forms

from hitl_platform.console.forms import ConsoleForm

# what people who write conditions need at hand; docs/routing.md has all of it, with examples
CONDITION_HELP = (
    "A condition is written in CEL. It may ask case.… (the fields of the case type, importance, priority, due_at, "
    "created_at), model.label, model.confidence, model.margin, model.probabilities.… and now. Compare with == != < <= "
    "> >= in; join with && || !; write 10.0 beside numbers with a fraction. An optional field: has(case.months) && "
    'case.months > 60. One that may be null: case.note != null. Text: case.note.contains("vip"). Lists: '
    'case.tags.exists(t, t == "vip"). Times: case.due_at != null && case.due_at - now < duration("2h").'
)
_SKILL = re.compile(r"(?P<skill>[A-Za-z0-9_-]{1,60})(?:\s*:\s*(?P<level>[1-5]))?")


class SkillsField(forms.CharField):
    """Skills with their least levels, written `fraud:2, lang-de`; a level left out is 1."""

    def prepare_value(self, value: Any) -> Any:
        """The stored list as it is written."""
        if not isinstance(value, list):
            return value
        return ", ".join(f"{each['skill']}:{each['level']}" for each in value)

    def to_python(self, value: Any) -> Any:
        """The list of `{skill, level}`; raises ValidationError naming what it cannot read."""
        skills = []
        for part in filter(None, (part.strip() for part in (super().to_python(value) or "").split(","))):
            found = _SKILL.fullmatch(part)
            if found is None:
                raise forms.ValidationError(f"“{part}” is no skill: write its key and a level from 1 to 5, as fraud:2.")
            skills.append({"skill": found["skill"], "level": int(found["level"] or 1)})
        return skills


def _share(label: str, help_text: str) -> forms.FloatField:
    return forms.FloatField(min_value=0, max_value=1, initial=0, label=label, help_text=help_text)


class QueueSettingsForm(ConsoleForm):
    """What a manager sets of a queue."""

    name = forms.CharField(max_length=200)
    template_key = forms.ChoiceField(label="Panel template", help_text="Of cases that come without a policy.")
    skills = SkillsField(
        required=False,
        help_text="Asked of everybody who works here, such as fraud:2, lang-de. Panels that stand keep theirs.",
    )
    lease_seconds = forms.IntegerField(min_value=10, max_value=86_400, initial=900)
    undo_seconds = forms.IntegerField(min_value=0, max_value=10, initial=10)
    gold_first = forms.IntegerField(
        min_value=0, max_value=100, initial=0, label="Known answers first",
        help_text="So many of a reviewer's first seats are cases whose answer is known.",
    )  # fmt: skip
    gold_rate = _share("Known answers later", "The share of later seats with a known answer; 0.05 is one in twenty.")
    second_review_rate = _share("Second look at people", "The share of people's decisions that are judged blind again.")
    routine_rate = _share("Second look at the model", "The share of automatic decisions that people judge blind.")
    variety_rate = _share("Variety", "The share of claims that take what waits longest, whatever its priority.")
    instructions = forms.CharField(required=False, max_length=20_000, widget=forms.Textarea)


class CreateQueueForm(QueueSettingsForm):
    """A new queue."""

    key = forms.CharField(max_length=60)
    case_type_key = forms.ChoiceField(required=False, label="Case type")
    field_order = ["key", "name", "case_type_key"]


class UpdateQueueForm(QueueSettingsForm):
    """A queue that is there."""

    is_active = forms.BooleanField(required=False, label="Active")
