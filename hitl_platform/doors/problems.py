"""Every refusal of the API as an RFC 9457 problem document, whoever raised it."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.encoding import force_str
from rest_framework import exceptions

from hitl_platform.doors.errors import PROBLEM_TYPE, problem_body, status_of
from hitl_platform.kernel.errors import Conflict, DomainError, NotFound, Unavailable
from hitl_platform.tenants.scope import in_scope


class InProgress(Conflict):
    """The same request is being answered at this moment; asking again in a second is right."""

    code = "idempotency_key_in_progress"


class KeyReused(DomainError):
    """An idempotency key came back with another request."""

    code = "idempotency_key_reused"


RETRY_AFTER_SECONDS = 1

# what a client reads in `code` where REST framework refuses
CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
}


def problem_response(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """REST framework's exception handler; None (a crash, answered by handler500) for what is our mistake.

    A refused request leaves nothing behind: its transaction rolls back.
    """
    if isinstance(error, Http404 | exceptions.NotFound):
        error = NotFound()
    if isinstance(error, DomainError):
        status = 422 if isinstance(error, KeyReused) else status_of(error)
        response = _problem(status, code=error.code, detail=error.message, errors=error.fields)
        if isinstance(error, InProgress | Unavailable):
            response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    elif isinstance(error, exceptions.APIException):
        response = _framework_problem(error)
    elif isinstance(error, RequestDataTooBig):
        response = _problem(413, code="too_large", detail="The body is larger than what is accepted.")
    elif isinstance(error, SuspiciousOperation):
        response = _problem(400, code="bad_request", detail="The request could not be understood.")
    elif isinstance(error, PermissionDenied):
        response = _problem(403, code="forbidden", detail="You may not do this.")
    else:
        return None
    if in_scope():
        transaction.set_rollback(True)
    return response


def _framework_problem(error: exceptions.APIException) -> HttpResponse:
    status = error.status_code
    errors = _flat("", error.detail) if isinstance(error, exceptions.ValidationError) else {}
    detail = "The input is not valid." if errors else force_str(error.detail)
    code = "invalid" if errors else CODES.get(status, "refused")
    if status in (401, 403) and error.get_codes() not in ("not_authenticated", "permission_denied"):
        code = force_str(error.get_codes())
    response = _problem(status, code=code, detail=detail, errors=errors)
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait))
    return response


def _problem(status: int, *, code: str, detail: str, errors: Mapping[str, list[str]] | None = None) -> HttpResponse:
    body = problem_body(status, code=code, detail=detail, errors=dict(errors or {}))
    return JsonResponse(body, status=status, content_type=PROBLEM_TYPE)


def _flat(place: str, detail: Any) -> dict[str, list[str]]:
    """REST framework's nested reasons, by dotted place."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for key, inner in detail.items():
            flat |= _flat(f"{place}.{key}" if place else str(key), inner)
        return flat
    reasons = detail if isinstance(detail, list) else [detail]
    return {place or "$": [force_str(reason) for reason in reasons]}
