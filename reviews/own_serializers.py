"""What the API answers about people's own work; these describe and present, nothing more."""

from typing import Any

from rest_framework import serializers


class AbsenceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    starts_at = serializers.DateTimeField(help_text="What the person holds then goes back to its queues.")
    ends_at = serializers.DateTimeField()
    note = serializers.CharField()
    declared_by = serializers.UUIDField()
    declared_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True, help_text="Back sooner, or never gone.")


class ConflictSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    kind = serializers.ChoiceField(["subject", "person", "party"])
    about = serializers.CharField()
    facet_key = serializers.CharField()
    note = serializers.CharField()
    declared_by = serializers.UUIDField()
    declared_at = serializers.DateTimeField()
    lifted_at = serializers.DateTimeField(allow_null=True)


class ContentCareSerializer(serializers.Serializer[Any]):
    blurs = serializers.BooleanField()
    greys = serializers.BooleanField()


class ShareSerializer(serializers.Serializer[Any]):
    """How often, of how many, and the 95 % interval of the share."""

    count = serializers.IntegerField()
    total = serializers.IntegerField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class ContestSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reviewer_id = serializers.UUIDField()
    reference = serializers.CharField(help_text="The case's short name, as its reviewer saw it.")
    case_type = serializers.CharField(source="gold_item.case_type.key")
    given = serializers.CharField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(["open", "upheld", "forgiven"])
    contested_at = serializers.DateTimeField()
    answer = serializers.CharField(help_text="Empty until somebody decides.")
    decided_at = serializers.DateTimeField(allow_null=True)


class KnownCaseSerializer(serializers.Serializer[Any]):
    """A case with a known answer that you judged; told some judgments later."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    queue_key = serializers.CharField(source="queue.key")
    given = serializers.CharField(source="label")
    expected = serializers.CharField()
    is_right = serializers.BooleanField()
    why = serializers.CharField(source="gold_item.why")
    counts = serializers.BooleanField(help_text="False where the known answer proved wrong.")
    judged_at = serializers.DateTimeField()
    contest_id = serializers.UUIDField(allow_null=True)


class PractiseCaseSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    question = serializers.CharField()
    labels = serializers.ListField(child=serializers.DictField())
    layout = serializers.DictField()
    payload = serializers.DictField()


class PracticeSerializer(serializers.Serializer[Any]):
    case = PractiseCaseSerializer(allow_null=True, help_text="Null where there is none to practise with.")
    score = ShareSerializer(help_text="Your practice so far; nothing of it counts.")


class PractisedSerializer(serializers.Serializer[Any]):
    given = serializers.CharField(source="label")
    outcome = serializers.CharField(help_text="What turned out to be true.")
    is_right = serializers.BooleanField()
