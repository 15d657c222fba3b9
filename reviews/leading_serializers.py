"""What the API answers to those who lead reviewers; these describe and present, nothing more."""

from typing import Any

from rest_framework import serializers


class PanelSerializer(serializers.Serializer[Any]):
    """One round of human review of one case."""

    id = serializers.UUIDField()
    case_id = serializers.UUIDField()
    queue_key = serializers.CharField(source="queue.key")
    template = serializers.CharField(source="template.key")
    template_version = serializers.IntegerField(source="template.version")
    state = serializers.ChoiceField(["open", "disputed", "settled", "cancelled"])
    round = serializers.IntegerField()
    why = serializers.CharField(help_text="Why people are asked, as a code.")
    opened_at = serializers.DateTimeField()
    disputed_at = serializers.DateTimeField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)


class PanelSeatSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(["reviewer", "adjudicator"])
    state = serializers.ChoiceField(["open", "claimed", "held", "answered", "submitted", "cancelled"])
    reviewer_id = serializers.UUIDField(allow_null=True)
    priority = serializers.IntegerField()
    priority_cause = serializers.CharField()
    due_at = serializers.DateTimeField(allow_null=True)
    claimed_at = serializers.DateTimeField(allow_null=True)
    lease_ends_at = serializers.DateTimeField(allow_null=True)


class PanelDetailSerializer(PanelSerializer):
    seats = PanelSeatSerializer(many=True, source="told_seats", help_text="A lease is ended by its seat's `release`.")


class QueueSettingsSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    case_type = serializers.CharField(source="case_type.key", allow_null=True, default=None)
    template_key = serializers.CharField()
    instructions = serializers.CharField()
    is_active = serializers.BooleanField()
    lease_seconds = serializers.IntegerField()
    undo_seconds = serializers.IntegerField()
    skills = serializers.ListField(child=serializers.DictField())
    gold_first = serializers.IntegerField()
    gold_rate = serializers.FloatField()
    second_review_rate = serializers.FloatField()
    routine_rate = serializers.FloatField()
    variety_rate = serializers.FloatField()


class PanelTemplateSerializer(serializers.Serializer[Any]):
    """One version of a panel template; it never changes."""

    key = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    seats = serializers.IntegerField()
    seats_max = serializers.IntegerField()
    mode = serializers.CharField()
    stop = serializers.CharField()
    confidence_at_least = serializers.FloatField(allow_null=True)
    confirms_model = serializers.BooleanField()
    panel_share = serializers.FloatField()
    advice = serializers.CharField()
    control_share = serializers.FloatField()
    stages = serializers.ListField(child=serializers.DictField())
    distinct_teams = serializers.BooleanField()
    most_of_one_group = serializers.IntegerField(allow_null=True)
    needs_one_with = serializers.CharField()
    adjudicator_sees_names = serializers.BooleanField()
    shows_similar = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class ForgivenSerializer(serializers.Serializer[Any]):
    """What followed from a contest that was right. No case is reopened."""

    results = serializers.IntegerField(help_text="How many results of the item were made anew.")
    reviewers = serializers.IntegerField()
    pauses_lifted = serializers.IntegerField()
    panels_asked = serializers.IntegerField()
    panels_that_would_change = serializers.ListField(child=serializers.UUIDField())
