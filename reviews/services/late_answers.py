"""What somebody is told whose answer comes when its panel is over."""

from cases.models import Decision, MadeBy
from hitl_platform.kernel.errors import Conflict
from reviews.models import Seat
from reviews.states import SeatState

# refusals after which what was written is kept as a draft, beside that of a lease that ended
TIMED_OUT, OVER = "decided_by_timeout", "seat_over"


def require_seat_asked_for(seat: Seat) -> None:
    """Refuse an answer on a seat that was cancelled meanwhile, with the reason."""
    if seat.state != SeatState.CANCELLED:
        return
    last = Decision.objects.filter(case_id=seat.case_id).order_by("-sequence").values_list("made_by", flat=True).first()
    if last == MadeBy.FALLBACK:
        raise Conflict(
            "Nobody answered in time, so what a rule declares for that was decided. Your answer is kept as a draft.",
            code=TIMED_OUT,
        )
    raise Conflict("This seat is no longer asked. Your answer is kept as a draft.", code=OVER)
