"""What people call a case and a panel, among themselves and on every page. Pure."""

from uuid import UUID


def reference_of(case_id: UUID) -> str:
    """A short name of a case for people: of its id's random end, so that it tells nothing else."""
    digits = case_id.hex[-8:].upper()
    return f"{digits[:4]}-{digits[4:]}"


def name_on_panel(case_id: UUID, *, panel_id: UUID, is_live: bool) -> str:
    """The short name under which the people of a panel know its case.

    A hidden panel has one of its own: its case may have been named to its reviewer before.
    """
    return reference_of(case_id if is_live else panel_id)
