"""Addresses of the API, with or without a slash at the end: a machine that is redirected loses its body."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.urls import is_valid_path

from hitl_platform.doors.errors import API_PREFIX


class Addresses(CommonMiddleware):
    """Django's, which redirects people to the spelling that is there; below /api/ both spellings are one address."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Where the API knows no such address, answer as the other spelling does.

        Asked afterwards, because looking an address up costs as much as a read and nearly all are spelt right.
        """
        path = request.path_info
        if response.status_code == 404 and request.resolver_match is None and path.startswith(API_PREFIX):
            other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
            if is_valid_path(other):
                request.path_info = request.path = other
                answer: HttpResponseBase = self.get_response(request)  # type: ignore[assignment]  # served by WSGI alone
                return answer
        return super().process_response(request, response)
