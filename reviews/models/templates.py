"""How a panel is built: who sits on it, what they may see, and when it is of one mind."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from hitl_platform.tenants.owned import TenantOwned
from reviews.panels import Mode, Stop

_MODES = [(mode.value, mode.value) for mode in Mode]
_STOPS = [(stop.value, stop.value) for stop in Stop]


class Advice(models.TextChoices):
    HIDDEN = "hidden"
    SHOWN = "shown"
    AFTER_ANSWER = "after_answer"


class PanelTemplate(TenantOwned):
    """How a panel is built: one immutable version of it; new panels take the newest version of a key."""

    key = models.TextField()
    version = models.IntegerField()
    name = models.TextField()
    # how many seats a panel opens with, and how many it may grow to
    seats = models.SmallIntegerField()
    seats_max = models.SmallIntegerField()
    mode = models.TextField(choices=_MODES, default=Mode.MAJORITY)
    stop = models.TextField(choices=_STOPS, default=Stop.FIXED)
    confidence_at_least = models.FloatField(null=True)
    # one reviewer answers blind; agreement with the model ends the panel, disagreement adds a seat
    confirms_model = models.BooleanField(default=False)
    # the share of cases that get this panel; the others get one seat
    panel_share = models.FloatField(default=1.0)
    advice = models.TextField(choices=Advice.choices, default=Advice.AFTER_ANSWER)
    # the share of seats that never see advice, so that its effect can be measured
    control_share = models.FloatField(default=0.0)
    # of a chain, in order: [{"name": "maker", "skill": "fraud:2" or "", "veto": "", "dispute" or "settle"}, …]
    stages = models.JSONField(default=list)
    # diversity of the seats: no two of one team; at most so many of one group; at least one with a skill
    distinct_teams = models.BooleanField(default=False)
    most_of_one_group = models.SmallIntegerField(null=True)
    needs_one_with = models.TextField(default="")
    adjudicator_sees_names = models.BooleanField(default=False)
    # similar decided cases are shown with their decisions
    shows_similar = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key", "version"], name="no_template_version_twice"),
            models.CheckConstraint(
                condition=Q(seats__gte=1, seats_max__gte=F("seats"), seats_max__lte=9),
                name="no_panel_size_out_of_range",
            ),
            models.CheckConstraint(condition=Q(mode__in=list(Mode)), name="no_unknown_panel_mode"),
            models.CheckConstraint(condition=Q(stop__in=list(Stop)), name="no_unknown_stop_rule"),
            models.CheckConstraint(condition=Q(advice__in=Advice.values), name="no_unknown_advice_mode"),
            models.CheckConstraint(
                condition=Q(panel_share__range=(0, 1), control_share__range=(0, 1)), name="no_panel_share_out_of_range"
            ),
            models.CheckConstraint(
                condition=Q(confidence_at_least__isnull=True) | Q(confidence_at_least__range=(0, 1)),
                name="no_template_confidence_out_of_range",
            ),
            models.CheckConstraint(
                condition=Q(most_of_one_group__isnull=True) | Q(most_of_one_group__range=(1, 9)),
                name="no_group_without_a_seat",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"
