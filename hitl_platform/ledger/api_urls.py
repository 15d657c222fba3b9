"""Addresses of this app."""

from django.urls import path

from hitl_platform.ledger import api

urlpatterns = [
    path("ledger/export", api.LedgerExport.as_view(), name="ledger_export"),
    path("ledger/checkpoint", api.LatestCheckpoint.as_view(), name="ledger_checkpoint"),
    path("ledger/events/<uuid:event_id>/erase-personal", api.PersonalErasure.as_view(), name="ledger_erase_personal"),
]
