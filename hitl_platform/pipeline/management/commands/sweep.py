"""`manage.py sweep`: the process that loses nothing. Two of them do no harm."""

from hitl_platform.kernel.rounds import RoundsCommand
from hitl_platform.pipeline import sweeper


class Command(RoundsCommand):
    help = "Each second: ring again for due steps, free steps whose worker died, do steps while the broker is away."
    ready_line = "sweeping"

    def prepare(self) -> None:
        self.sweeper = sweeper.Sweeper()

    def work_round(self) -> bool:
        """Sweep once; while steps are done here there is nothing to wait for."""
        return self.sweeper.sweep() > 0

    def close_connections(self) -> None:
        sweeper.close_connections()
