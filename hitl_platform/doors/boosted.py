"""Pages that the portal's script asks for: it takes their main part alone, so the rest is not rendered."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxMiddleware


class Boosted(HtmxMiddleware):
    """Sets `request.htmx`; caches keep the page and its main part, which share an address, apart."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = super().__call__(request)  # type: ignore[assignment]  # served by WSGI alone
        patch_vary_headers(response, ["HX-Boosted"])
        return response
