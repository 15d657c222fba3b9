"""Refusals at the doors: as pages for people, as RFC 9457 problem documents under /api/."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from hitl_platform.kernel.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    Unavailable,
)

API_PREFIX = "/api/"
PROBLEM_TYPE = "application/problem+json"
STATUS_OF: dict[type[DomainError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    Invalid: 400,
    TooLarge: 413,
    Unavailable: 503,
}
TITLES = {
    400: "The request is wrong",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Not possible in this state",
    413: "Too large",
    415: "Unsupported media type",
    422: "Cannot be followed",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not available now",
}


def status_of(error: DomainError) -> int:
    """The HTTP status of a refusal."""
    return next((status for kind, status in STATUS_OF.items() if isinstance(error, kind)), 400)


def problem_body(status: int, *, code: str, detail: str, errors: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """An RFC 9457 problem document: type, title, status, detail, a stable code, errors by field."""
    body: dict[str, Any] = {
        "type": f"urn:hitl:problem:{code}",
        "title": TITLES.get(status, "Refused"),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    return body


def refusal(
    request: HttpRequest, status: int, *, code: str, detail: str, errors: dict[str, list[str]] | None = None
) -> HttpResponse:
    """A refusal in the form that suits the address: a problem document, or a page."""
    if request.path.startswith(API_PREFIX):
        body = problem_body(status, code=code, detail=detail, errors=errors)
        return JsonResponse(body, status=status, content_type=PROBLEM_TYPE)
    context = {
        "status": status,
        "title": TITLES.get(status, "Refused"),
        "detail": detail,
        "code": code,
        "errors": errors,
    }
    return render(request, "errors/refusal.html", context, status=status)


def domain_refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """What a DomainError looks like from outside."""
    return refusal(request, status_of(error), code=error.code, detail=error.message, errors=error.fields or None)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(request, 400, code="bad_request", detail="The request could not be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(request, 403, code="forbidden", detail="You may not do this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return domain_refusal(request, NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    return refusal(request, 500, code="server_error", detail="This was our mistake. Nothing of it was kept.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from our page, or from one that is too old."""
    return refusal(request, 403, code="csrf_failed", detail="This form is too old. Go back, reload, and send it again.")
