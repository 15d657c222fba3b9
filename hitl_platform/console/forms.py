"""Forms of the console in its look; documents are strict JSON."""

import json
from typing import Any

from django import forms
from unfold import widgets

from hitl_platform.kernel import strict_json
from hitl_platform.kernel.errors import Invalid, TooLarge

MAX_DOCUMENT_BYTES = 262_144

LOOK: list[tuple[type[forms.Field], type[forms.Widget]]] = [
    (forms.MultipleChoiceField, widgets.UnfoldAdminCheckboxSelectMultipleWidget),
    (forms.ChoiceField, widgets.UnfoldAdminSelectWidget),
    (forms.BooleanField, widgets.UnfoldBooleanSwitchWidget),
    (forms.EmailField, widgets.UnfoldAdminEmailInputWidget),
    (forms.IntegerField, widgets.UnfoldAdminIntegerFieldWidget),
    (forms.CharField, widgets.UnfoldAdminTextInputWidget),
]


class DocumentField(forms.CharField):
    """A JSON object, edited as text."""

    widget = widgets.UnfoldAdminTextareaWidget(attrs={"rows": 28, "spellcheck": "false", "class": "console-document"})

    def prepare_value(self, value: Any) -> Any:
        """A document as indented text; what somebody typed as they typed it."""
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)

    def to_python(self, value: Any) -> Any:
        """The parsed document; refuses what the API refuses."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            parsed = strict_json.loads(text.encode(), max_bytes=MAX_DOCUMENT_BYTES)
        except (Invalid, TooLarge) as refusal:
            reasons = [f"{name}: {reason}" for name, each in refusal.fields.items() for reason in each]
            raise forms.ValidationError(reasons or [refusal.message]) from refusal
        if not isinstance(parsed, dict):
            raise forms.ValidationError("A document is a JSON object: it begins with {.")
        return parsed

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Always read."""
        return True


class ConsoleForm(forms.Form):
    """A form whose fields wear the console's widgets. Without fields it is a question."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field, DocumentField):
                self._dress(field)

    def offer(self, choices: dict[str, list[tuple[str, str]]]) -> None:
        """Give fields their choices, which depend on the actor and the object."""
        for name, offered in choices.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = offered

    def _dress(self, field: forms.Field) -> None:
        if isinstance(field.widget, forms.Textarea):
            dressed: forms.Widget = widgets.UnfoldAdminTextareaWidget(attrs={"rows": 4})
        else:
            dressed = next(look for kind, look in LOOK if isinstance(field, kind))()
        if isinstance(field, forms.ChoiceField):
            dressed.choices = field.choices  # type: ignore[attr-defined]  # every select has them
        dressed.is_required = field.required
        # what the field itself says of its widget: lengths, bounds
        dressed.attrs.update(field.widget_attrs(dressed))
        field.widget = dressed
