"""What the page of preferences sends."""

from typing import Any

from django import forms

from hitl_platform.notices.models import ALWAYS_SHOWN, Delivery, Kind


class PreferencesForm(forms.Form):
    """One choice a kind; what is always shown here cannot be switched off."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in Kind:
            offered = [choice for choice in Delivery.choices if choice[0] != Delivery.NONE or kind not in ALWAYS_SHOWN]
            self.fields[kind.value] = forms.ChoiceField(choices=offered, label=kind.label)
