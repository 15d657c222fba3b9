"""An address that the login library offers and this product does not: who somebody is, their organisation says."""

from django.http import HttpRequest, HttpResponse

from hitl_platform.kernel.errors import NotFound


def closed(request: HttpRequest) -> HttpResponse:
    """Nothing is here."""
    raise NotFound
