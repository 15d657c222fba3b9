"""Addresses of the API, with or without a slash at the end: a machine that is redirected loses its body."""

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware
from django.urls import is_valid_path

from hitl_platform.doors.errors import API_PREFIX


class Addresses(CommonMiddleware):
    """Django's, which redirects people to the spelling that is there; below /api/ both spellings are one address."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Take the other spelling where this one is none."""
        path = request.path_info
        if path.startswith(API_PREFIX) and not is_valid_path(path):
            other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
            if is_valid_path(other):
                request.path_info = request.path = other
        return super().process_request(request)
