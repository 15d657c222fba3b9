"""Human review as rows: who may work where, how cases are routed, and what people say of them.

Records pin what they were made under (a panel its template's version, a routing record its policy), so that
changing a queue, a template or a policy never rewrites what already happened.
"""

from reviews.models.comments import CaseComment, ContentCare
from reviews.models.judging import Consensus, Judgment
from reviews.models.panels import LIVE_PANEL, Panel, Purpose, Seat, SeatDraft, SeatKind
from reviews.models.queues import Queue, QueueUserPermission
from reviews.models.routes import RoutingPolicy, RoutingRecord
from reviews.models.templates import Advice, PanelTemplate
from reviews.panels import Mode, Stop

__all__ = [
    "LIVE_PANEL",
    "Advice",
    "CaseComment",
    "Consensus",
    "ContentCare",
    "Judgment",
    "Mode",
    "Panel",
    "PanelTemplate",
    "Purpose",
    "Queue",
    "QueueUserPermission",
    "RoutingPolicy",
    "RoutingRecord",
    "Seat",
    "SeatDraft",
    "SeatKind",
    "Stop",
]
