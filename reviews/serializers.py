"""What the reviewers' API answers; these describe and present, nothing more."""

from typing import Any

from rest_framework import serializers


class QueueSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(source="queue.key")
    name = serializers.CharField(source="queue.name")
    instructions = serializers.CharField(source="queue.instructions")
    lease_seconds = serializers.IntegerField(source="queue.lease_seconds")
    open = serializers.IntegerField(help_text="Seats that you may take; counting stops at 1,000.")
    oldest = serializers.DateTimeField(allow_null=True, help_text="Since when the longest wait in the queue lasts.")
    next_due = serializers.DateTimeField(allow_null=True)
    mine = serializers.IntegerField(help_text="Seats in your hands.")
    with_others = serializers.IntegerField(help_text="Seats in the hands of others.")


class MoverSerializer(serializers.Serializer[Any]):
    feature = serializers.CharField()
    key = serializers.CharField(help_text="The property of the payload that it was read from.")
    log_odds = serializers.FloatField(help_text="For the model's label against the runner-up.")


class AdviceSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]  # shadows a property of input, which this is not
    probabilities = serializers.DictField(child=serializers.FloatField())
    movers = MoverSerializer(many=True, help_text="What moved the model most, where it tells exactly.")


class SeenJudgmentSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    name = serializers.CharField(help_text="Empty where the panel hides names.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field named like the base class's own attribute
    first_label = serializers.CharField(allow_null=True)
    rationale = serializers.CharField()
    reason_codes = serializers.ListField(child=serializers.CharField())
    evidence = serializers.ListField(child=serializers.DictField(), help_text="What was marked in the case.")
    active_seconds = serializers.FloatField(allow_null=True)
    judged_at = serializers.DateTimeField()
    simulated = serializers.BooleanField()


class CommentSerializer(serializers.Serializer[Any]):
    author = serializers.CharField()
    mine = serializers.BooleanField()
    text = serializers.CharField()
    at = serializers.DateTimeField()


class CareSerializer(serializers.Serializer[Any]):
    sensitive = serializers.BooleanField(help_text="Cases of this type may distress.")
    blurs = serializers.BooleanField()
    greys = serializers.BooleanField()


class FileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="As the payload names it.")
    url = serializers.CharField()
    media_type = serializers.CharField()


class SeatSerializer(serializers.Serializer[Any]):
    """A seat as its reviewer may see it; the case is there only while the seat is in your hands."""

    id = serializers.UUIDField()
    reference = serializers.CharField(help_text="A short name of the case, for people.")
    queue_key = serializers.CharField()
    queue_name = serializers.CharField()
    instructions = serializers.CharField()
    kind = serializers.ChoiceField(["reviewer", "adjudicator"])
    state = serializers.ChoiceField(["open", "claimed", "held", "answered", "submitted", "cancelled"])
    mine = serializers.BooleanField()
    step = serializers.ChoiceField(["first", "final", "none"], help_text="What is asked of you next.")
    lease_token = serializers.IntegerField(help_text="Send it back with what you answer; 0 without a lease.")
    lease_ends_at = serializers.DateTimeField(allow_null=True)
    lease_seconds = serializers.IntegerField()
    undo_until = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField()
    why = serializers.CharField(help_text="Why people are asked, as a code.")
    why_words = serializers.CharField()
    is_appeal = serializers.BooleanField(help_text="Whether the person concerned appeals against a decision.")
    plea = serializers.CharField(help_text="What that person says; empty without an appeal, and for others.")
    question = serializers.CharField()
    labels = serializers.ListField(child=serializers.DictField())
    reason_codes = serializers.ListField(child=serializers.DictField())
    layout = serializers.DictField()
    payload = serializers.DictField()
    advice_mode = serializers.ChoiceField(["hidden", "shown", "after_answer"])
    advice = AdviceSerializer(allow_null=True)
    first_label = serializers.CharField(allow_null=True)
    submitted_label = serializers.CharField(allow_null=True)
    draft = serializers.DictField(allow_null=True)
    draft_saved_at = serializers.DateTimeField(allow_null=True)
    judgments = SeenJudgmentSerializer(many=True, help_text="Of a dispute, for its adjudicator.")
    comments = CommentSerializer(many=True, help_text="Of others on the panel, only once you have judged for good.")
    care = CareSerializer(help_text="How you want content that may distress.")
    files = FileSerializer(many=True)


class EmptySerializer(serializers.Serializer[Any]):
    """Why nothing goes to you: each waiting seat counts once, under the first reason; counting stops at 1,000."""

    leased_by_others = serializers.IntegerField()
    held_by_others = serializers.IntegerField()
    already_judged = serializers.IntegerField()
    own_cases = serializers.IntegerField()
    conflicts = serializers.IntegerField(help_text="Declared or derived conflicts of interest.")
    skipped = serializers.IntegerField()
    skipped_until = serializers.DateTimeField(allow_null=True, help_text="When the first of them is offered again.")
    reserved_for_others = serializers.IntegerField(help_text="Handed to somebody by name.")
    of_your_team = serializers.IntegerField(help_text="Where your team or group sits already.")
    outside_skills = serializers.IntegerField()
    missing_skills = serializers.ListField(child=serializers.CharField())
    over_cap = serializers.IntegerField(help_text="What would be yours without your daily cap.")
    for_adjudicators = serializers.IntegerField()
    for_reviewers = serializers.IntegerField()
    capped = serializers.CharField(help_text="Your cap in words, where it is reached.")
    paused = serializers.CharField(help_text="Why you are paused, where you are.")
    absent_until = serializers.DateTimeField(allow_null=True)


class ClaimSerializer(serializers.Serializer[Any]):
    seat = SeatSerializer(allow_null=True)
    empty = EmptySerializer(allow_null=True, help_text="Where there is no seat: why.")


class LeaseSerializer(serializers.Serializer[Any]):
    lease_ends_at = serializers.DateTimeField()


class DraftSerializer(serializers.Serializer[Any]):
    saved_at = serializers.DateTimeField()


class SubmittedSerializer(serializers.Serializer[Any]):
    seat_id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field named like the base class's own attribute
    judged_at = serializers.DateTimeField()
    undo_until = serializers.DateTimeField()
