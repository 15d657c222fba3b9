"""The ledger in the console: its page, its events, its checkpoints."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from hitl_platform.console.blindness import disclosed
from hitl_platform.console.cards import Figure, Need, since, thousands
from hitl_platform.console.entry import actor_of
from hitl_platform.console.model_admin import ConsoleAdmin, told
from hitl_platform.console.site import site
from hitl_platform.ledger.models import AuditEvent, Checkpoint
from hitl_platform.ledger.queries import oldest_unsealed_at
from hitl_platform.tenants.actor import Actor

# the design promises five seconds; what is older than this has no sealer
LATE = timedelta(seconds=30)
RECENT = 20


@admin.register(AuditEvent, site=site)
class AuditEventAdmin(ConsoleAdmin):
    """Events, newest first."""

    list_display = ("at", "verb", "subject_type", "subject_id", "case_id")
    list_display_links = ("at", "verb")
    search_exactly = ("verb",)
    hidden = ("epoch", "xid")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditEvent | None:
        """The event as the actor may read it."""
        event = super().get_object(request, object_id, from_field)
        return disclosed(actor_of(request), [event])[0] if event else None


@admin.register(Checkpoint, site=site)
class CheckpointAdmin(ConsoleAdmin):
    """Signed statements of how far the tree has grown."""

    list_display = ("created_at", "size", "root_hex")
    hidden = ("root", "frontier", "public_key")

    @admin.display(description="root")
    def root_hex(self, checkpoint: Checkpoint) -> str:
        """The root of the tree in hexadecimal."""
        return bytes(checkpoint.root).hex()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The columns, with the root as it is quoted elsewhere."""
        return [*super().get_fields(request, obj), "root_hex"]


def latest_checkpoint() -> Checkpoint | None:
    """The newest checkpoint of the tenant in force."""
    return Checkpoint.objects.order_by("-size").first()


def needs(actor: Actor) -> list[Need]:
    """A sealer that is late."""
    oldest = oldest_unsealed_at()
    if oldest is None or timezone.now() - oldest < LATE:
        return []
    detail = f"The oldest has waited for {since(oldest)}. Is `manage.py seal` running?"
    return [Need(1, "unsealed ledger", "", reverse("console:ledger"), "danger", detail)]


def figures(actor: Actor) -> list[Figure]:
    """How much is sealed."""
    checkpoint = latest_checkpoint()
    size = thousands(checkpoint.size) if checkpoint else "0"
    return [Figure("Events sealed", size, "provable with the latest checkpoint", reverse("console:ledger"))]


def ledger_page(request: HttpRequest) -> TemplateResponse:
    """How far the proof reaches: the sealer's lag and the latest checkpoint."""
    checkpoint = latest_checkpoint()
    oldest = oldest_unsealed_at()
    context = {
        **site.each_context(request),
        "title": "Ledger",
        "checkpoint": checkpoint,
        "root": bytes(checkpoint.root).hex() if checkpoint else "",
        "lag": since(oldest) if oldest else "",
        "is_late": oldest is not None and timezone.now() - oldest >= LATE,
        "recent": told(disclosed(actor_of(request), AuditEvent.objects.order_by("-id")[:RECENT])),
        "tenant_id": actor_of(request).tenant_id,
    }
    request.current_app = site.name
    return TemplateResponse(request, "console/ledger.html", context)


site.add_page("ledger/", view=ledger_page, name="ledger")
