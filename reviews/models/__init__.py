"""Human review as rows: who may work where, how cases are routed, and what people say of them.

Records pin what they were made under (a panel its template's version, a routing record its policy), so that
changing a queue, a template or a policy never rewrites what already happened.
"""

from reviews.models.comments import CaseComment, ContentCare
from reviews.models.escalation import (
    LIVE_ESCALATION,
    Calendar,
    Escalation,
    EscalationRule,
    PanelPause,
    PauseCause,
    ServiceLevel,
    SlaClock,
    Trigger,
)
from reviews.models.judging import Consensus, Judgment
from reviews.models.panels import APPEAL, LIVE_PANEL, NOBODY, Panel, Purpose, Seat, SeatDraft, SeatKind
from reviews.models.quality import (
    CompetenceSnapshot,
    GoldContest,
    GoldItem,
    GoldResult,
    HiddenSeat,
    PracticeAnswer,
    QualityRule,
    ReviewerHint,
    ReviewerPause,
    SecondReview,
    StampFlag,
)
from reviews.models.queues import Queue, QueueUserPermission
from reviews.models.routes import RoutingPolicy, RoutingRecord
from reviews.models.staffing import (
    Absence,
    ConflictOfInterest,
    InterestKind,
    QueueCap,
    ReviewerLoad,
    ReviewerProfile,
    ReviewerSkill,
    SeatSkip,
    SkipMeaning,
)
from reviews.models.templates import Advice, PanelTemplate
from reviews.panels import Mode, Stop

__all__ = [
    "APPEAL",
    "LIVE_ESCALATION",
    "LIVE_PANEL",
    "NOBODY",
    "Absence",
    "Advice",
    "Calendar",
    "CaseComment",
    "CompetenceSnapshot",
    "ConflictOfInterest",
    "Consensus",
    "ContentCare",
    "Escalation",
    "EscalationRule",
    "GoldContest",
    "GoldItem",
    "GoldResult",
    "HiddenSeat",
    "InterestKind",
    "Judgment",
    "Mode",
    "Panel",
    "PanelPause",
    "PanelTemplate",
    "PauseCause",
    "PracticeAnswer",
    "Purpose",
    "QualityRule",
    "Queue",
    "QueueCap",
    "QueueUserPermission",
    "ReviewerHint",
    "ReviewerLoad",
    "ReviewerPause",
    "ReviewerProfile",
    "ReviewerSkill",
    "RoutingPolicy",
    "RoutingRecord",
    "Seat",
    "SeatDraft",
    "SeatKind",
    "SeatSkip",
    "SecondReview",
    "ServiceLevel",
    "SkipMeaning",
    "SlaClock",
    "StampFlag",
    "Stop",
    "Trigger",
]
