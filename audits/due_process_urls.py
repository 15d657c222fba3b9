"""Addresses of appeals, letters, stories and oversight, below /audits/."""

from django.urls import path

from audits import access_views, appeal_link_views, appeal_views, letter_views, oversight_views, story_views

urlpatterns = [
    path("appeals/", appeal_views.appeals, name="appeals"),
    path("appeals/rules/", appeal_views.appeal_rules, name="appeal_rules"),
    path("appeals/rules/<slug:key>/", appeal_views.appeal_rule, name="appeal_rule"),
    path("appeals/<uuid:appeal_id>/", appeal_views.appeal, name="appeal"),
    path("appeals/<uuid:appeal_id>/send", appeal_views.send_appeal, name="send_appeal"),
    path("appeals/<uuid:appeal_id>/withdraw", appeal_views.take_back, name="withdraw_appeal"),
    path("cases/<uuid:case_id>/appeal-link", appeal_views.new_link, name="new_appeal_link"),
    path("cases/", story_views.find_case, name="find_case"),
    path("cases/<uuid:case_id>/", story_views.story, name="story"),
    path("cases/<uuid:case_id>/story.json", story_views.story_as_json, name="story_as_json"),
    path("cases/<uuid:case_id>/letter/", letter_views.letter, name="letter"),
    path("cases/<uuid:case_id>/letter.txt", letter_views.letter_as_text, name="letter_as_text"),
    path("cases/<uuid:case_id>/letter.json", letter_views.letter_as_json, name="letter_as_json"),
    path("oversight/", oversight_views.oversight, name="oversight"),
    path("oversight.csv", oversight_views.oversight_as_csv, name="oversight_as_csv"),
    path("oversight.json", oversight_views.oversight_as_json, name="oversight_as_json"),
    path("access/", access_views.access_log, name="access_log"),
    path("appeal/sent/", appeal_link_views.appeal_sent, name="appeal_sent"),
    path("appeal/<str:token>/", appeal_link_views.appeal_link, name="appeal_link"),
]
