"""Addresses of the reviewers' API, below /api/v1/."""

from django.urls import path

from reviews import api

urlpatterns = [
    path("queues/", api.Queues.as_view(), name="api_queues"),
    path("queues/<slug:key>/claim", api.Claim.as_view(), name="api_claim"),
    path("seats/<uuid:seat_id>/", api.SeatDetail.as_view(), name="api_seat"),
    path("seats/<uuid:seat_id>/heartbeat", api.Heartbeat.as_view(), name="api_heartbeat"),
    path("seats/<uuid:seat_id>/release", api.Release.as_view(), name="api_release"),
    path("seats/<uuid:seat_id>/skip", api.Skip.as_view(), name="api_skip"),
    path("seats/<uuid:seat_id>/hand-over", api.HandOver.as_view(), name="api_hand_over"),
    path("seats/<uuid:seat_id>/hold", api.Hold.as_view(), name="api_hold"),
    path("seats/<uuid:seat_id>/resume", api.Resume.as_view(), name="api_resume"),
    path("seats/<uuid:seat_id>/draft", api.Draft.as_view(), name="api_draft"),
    path("seats/<uuid:seat_id>/answer", api.Answer.as_view(), name="api_answer"),
    path("seats/<uuid:seat_id>/submit", api.Submit.as_view(), name="api_submit"),
    path("seats/<uuid:seat_id>/undo", api.Undo.as_view(), name="api_undo"),
]
