"""Addresses of the reviewers' API, below /api/v1/."""

from django.urls import path

from reviews import api, leading_api, own_api

urlpatterns = [
    path("queues/", leading_api.Queues.as_view(), name="api_queues"),
    path("queues/<slug:key>/claim", api.Claim.as_view(), name="api_claim"),
    path("seats/<uuid:seat_id>/", api.SeatDetail.as_view(), name="api_seat"),
    path("seats/<uuid:seat_id>/heartbeat", api.Heartbeat.as_view(), name="api_heartbeat"),
    path("seats/<uuid:seat_id>/release", api.Release.as_view(), name="api_release"),
    path("seats/<uuid:seat_id>/skip", api.Skip.as_view(), name="api_skip"),
    path("seats/<uuid:seat_id>/ask", api.Ask.as_view(), name="api_ask"),
    path("seats/<uuid:seat_id>/comments", api.Comments.as_view(), name="api_comments"),
    path("seats/<uuid:seat_id>/hand-over", api.HandOver.as_view(), name="api_hand_over"),
    path("seats/<uuid:seat_id>/hold", api.Hold.as_view(), name="api_hold"),
    path("seats/<uuid:seat_id>/resume", api.Resume.as_view(), name="api_resume"),
    path("seats/<uuid:seat_id>/draft", api.Draft.as_view(), name="api_draft"),
    path("seats/<uuid:seat_id>/answer", api.Answer.as_view(), name="api_answer"),
    path("seats/<uuid:seat_id>/submit", api.Submit.as_view(), name="api_submit"),
    path("seats/<uuid:seat_id>/undo", api.Undo.as_view(), name="api_undo"),
    path("queues/<slug:key>/practice", own_api.Practice.as_view(), name="api_practice"),
    path("absences/", own_api.Absences.as_view(), name="api_absences"),
    path("absences/<uuid:absence_id>/end", own_api.AbsenceEnd.as_view(), name="api_end_absence"),
    path("conflicts/", own_api.Conflicts.as_view(), name="api_conflicts"),
    path("conflicts/<uuid:conflict_id>/lift", own_api.ConflictLift.as_view(), name="api_lift_conflict"),
    path("content-care/", own_api.Care.as_view(), name="api_care"),
    path("known-cases/", own_api.KnownCases.as_view(), name="api_known_cases"),
    path("contests/", own_api.Contests.as_view(), name="api_contests"),
    path("contests/<uuid:contest_id>/uphold", leading_api.Uphold.as_view(), name="api_uphold"),
    path("contests/<uuid:contest_id>/forgive", leading_api.Forgive.as_view(), name="api_forgive"),
    path("queues/<slug:key>/settings", leading_api.QueueSettings.as_view(), name="api_queue_settings"),
    path("queues/<slug:key>/grant", leading_api.Grant.as_view(), name="api_grant"),
    path("queues/<slug:key>/revoke", leading_api.Revoke.as_view(), name="api_revoke"),
    path("panel-templates/", leading_api.PanelTemplates.as_view(), name="api_panel_templates"),
    path("panels/", leading_api.Panels.as_view(), name="api_panels"),
    path("panels/<uuid:panel_id>/", leading_api.PanelDetail.as_view(), name="api_panel"),
    path("panels/<uuid:panel_id>/add-seat", leading_api.AddSeat.as_view(), name="api_add_seat"),
    path("panels/<uuid:panel_id>/move", leading_api.Move.as_view(), name="api_move"),
    path("panels/<uuid:panel_id>/dispute", leading_api.Dispute.as_view(), name="api_dispute"),
    path("panels/<uuid:panel_id>/raise-priority", leading_api.RaisePriority.as_view(), name="api_raise_priority"),
]
