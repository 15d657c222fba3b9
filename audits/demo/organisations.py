"""The organisations of the demonstration."""

from audits.demo.credit import northwind
from audits.demo.imaging import st_agnes
from audits.demo.organisation import Organisation


def all_organisations() -> list[Organisation]:
    """Read their data sets."""
    return [northwind(), st_agnes()]
