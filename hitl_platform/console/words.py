"""Codes, numbers and ids as people read them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.db import models

from hitl_platform.tenants.models import User

DASH = "\u2013"
# what replacing the underscore alone would spell wrong
KNOWN = {
    "dawid_skene": f"Dawid{DASH}Skene",
    "ml_engineer": "ML engineer",
    "cases:read": "cases:read",
    "sla_breached": "SLA breached",
    "sla_at_risk": "SLA at risk",
}
# columns of text that hold a code of ours, although no list of choices stands in the model
CODED = {"cause", "why", "verb", "kind", "method", "route", "purpose", "mode", "stop", "advice", "state", "made_by"}


def in_words(code: Any) -> str:
    """A code of the domain in words: In review, SLA breached; a dash for none."""
    text = str(code or "")
    return KNOWN.get(text) or (text[:1].upper() + text[1:].replace("_", " ")) or DASH


def choices_in_words(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Codes as the choices of a form."""
    return [(code, in_words(code)) for code in codes]


def rounded(number: float | None) -> str:
    """A number to three decimals, without noughts at its end; a dash for none."""
    return DASH if number is None else f"{number:,.3f}".rstrip("0").rstrip(".")


def person_named(user_id: UUID | None) -> str:
    """The name of the person with this id; a dash for none, and the id of a key or a step."""
    if user_id is None:
        return DASH
    return User.objects.filter(pk=user_id).values_list("name", flat=True).first() or str(user_id)


def shown_as(field: "models.Field[Any, Any]") -> Any:
    """How a column is said where its bare value would be a code: a function of the value, or None."""
    if isinstance(field, models.TextField | models.CharField) and (field.choices or field.name in CODED):
        return in_words
    if isinstance(field, models.FloatField):
        return rounded
    names_a_person = field.name.endswith("_by") or field.name in ("submitter_id", "subject_user_id", "reserved_for")
    return person_named if isinstance(field, models.UUIDField) and names_a_person else None


def column(field: "models.Field[Any, Any]") -> Any:
    """The column of a list or a page: the field's name, or a function that says its value in words."""
    say = shown_as(field)
    if say is None:
        return field.name

    @admin.display(description=str(field.verbose_name), ordering=field.name)
    def show(row: Any) -> str:
        return str(say(getattr(row, field.name)))

    show.__name__ = f"{field.name}_in_words"
    return show


class ChoicesInWords(admin.ChoicesFieldListFilter):
    """A filter by code whose choices are said in words."""

    def choices(self, changelist: Any) -> Any:
        """As Django's, with the words."""
        for choice in super().choices(changelist):
            yield {**choice, "display": in_words(choice["display"])}


def filters_in_words(page: "ModelAdmin[Any]", names: Iterable[Any]) -> list[Any]:
    """A list's filters, those by code in words."""
    coded = {field.name for field in page.model._meta.concrete_fields if field.choices}
    return [(name, ChoicesInWords) if name in coded else name for name in names]
