"""The portal's addresses."""

from django.urls import path

from reviews import away_views, file_views, lease_views, quality_views, views

urlpatterns = [
    path("files/<uuid:file_id>", file_views.evidence_file, name="evidence_file"),
    path("files/<uuid:seat_id>/<int:number>", file_views.seat_file, name="seat_file"),
    path("", views.my_queues, name="my_queues"),
    path("queues/<str:key>/", views.queue, name="queue"),
    path("queues/<str:key>/next", views.next_case, name="next_case"),
    path("queues/<str:key>/after", views.next_queue, name="next_queue"),
    path("seats/<uuid:seat_id>/", views.seat, name="seat"),
    path("seats/<uuid:seat_id>/submit", views.submit, name="submit"),
    path("seats/<uuid:seat_id>/answer", views.answer, name="answer"),
    path("seats/<uuid:seat_id>/release", views.release, name="release"),
    path("seats/<uuid:seat_id>/hold", views.hold, name="hold"),
    path("seats/<uuid:seat_id>/resume", views.resume, name="resume"),
    path("seats/<uuid:seat_id>/heartbeat", views.heartbeat, name="heartbeat"),
    path("seats/<uuid:seat_id>/draft", views.draft, name="draft"),
    path("seats/files/<uuid:seat_id>/<int:number>/", file_views.read_file, name="read_file"),
    path("seats/<uuid:seat_id>/background/", views.background, name="background"),
    path("seats/<uuid:seat_id>/comment", views.comment, name="comment"),
    path("seats/<uuid:seat_id>/skip", lease_views.skip, name="skip"),
    path("seats/<uuid:seat_id>/ask", lease_views.ask, name="ask"),
    path("seats/<uuid:seat_id>/hand-over/", lease_views.hand_over, name="hand_over"),
    path("care", views.care, name="care"),
    path("seats/<uuid:seat_id>/undo", views.undo, name="undo"),
    path("my-work/absences/", away_views.absences, name="absences"),
    path("my-work/absences/<uuid:absence_id>/end", away_views.back_again, name="back_again"),
    path("my-work/conflicts/", away_views.conflicts, name="conflicts"),
    path("my-work/", quality_views.my_work, name="my_work"),
    path("my-work/known/<uuid:result_id>/", quality_views.contest, name="contest"),
    path("my-work/flags/<uuid:flag_id>/answer", quality_views.answer_to_flag, name="answer_to_flag"),
    path("practice/<str:key>/", quality_views.practice, name="practice"),
]
