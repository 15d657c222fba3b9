"""How the OpenAPI document tells of what every route shares: authentication, problems, pages."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from hitl_platform.doors.cursors import COUNT_LIMIT, DEFAULT_LIMIT, MAX_LIMIT
from hitl_platform.doors.errors import PROBLEM_TYPE


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's own
    target_class = "hitl_platform.doors.authentication.KeyAuthentication"
    name = "serviceKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """`Authorization: Bearer hitl_…`."""
        return {"type": "http", "scheme": "bearer", "description": "A service key, made by `manage.py create_key`."}


class MemberScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's own
    target_class = "hitl_platform.doors.authentication.MemberAuthentication"
    name = "memberSession"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The session cookie of somebody who has logged in."""
        return {"type": "apiKey", "in": "cookie", "name": "session"}


class ProblemSerializer(serializers.Serializer[Any]):
    """A refusal (RFC 9457)."""

    type = serializers.CharField(help_text="urn:hitl:problem: and the code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable: programs decide by it.")
    errors = serializers.DictField(  # type: ignore[assignment]  # shadows a property of input, which this is not
        child=serializers.ListField(child=serializers.CharField()), required=False, help_text="Reasons by field."
    )


PROBLEMS = {
    400: "The request is wrong; `errors` names the fields.",
    401: "No live key or session.",
    403: "Not allowed.",
    404: "There is no such thing, or none that you may know of.",
    409: "Not possible in this state.",
    413: "Too large.",
    415: "The body has another media type.",
    422: "The idempotency key came with another request before.",
}
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Sent again with the same request, it answers what was answered before (kept for 72 hours).",
)
PAGING_PARAMETERS = [
    OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        description="Page size.",
    ),
    OpenApiParameter(
        "with_count",
        {"type": "string", "enum": ["true"]},
        description=f"Adds `count`, which stops at {COUNT_LIMIT}.",
    ),
]


def answers(*problems: int, **successes: Any) -> dict[Any, Any]:
    """The responses of a route: successes as `ok=…` (200) or `created=…` (201), and the problems it may answer."""
    statuses = {"ok": 200, "created": 201}
    problem = {
        (status, PROBLEM_TYPE): OpenApiResponse(ProblemSerializer, PROBLEMS[status])
        for status in sorted({400, 401, 403, *problems})
    }
    return {statuses[name]: answer for name, answer in successes.items()} | problem


def page_serializer(item: type[serializers.BaseSerializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The serializer of a page of items, for the document and for the answer."""
    name = item.__name__.removesuffix("Serializer")
    fields = {
        "items": item(many=True, read_only=True),
        "next_cursor": serializers.CharField(allow_null=True, read_only=True),
        "count": serializers.IntegerField(
            allow_null=True, read_only=True, help_text=f"With `with_count=true`; stops at {COUNT_LIMIT}."
        ),
    }
    return type(f"{name}PageSerializer", (serializers.Serializer,), fields)


def tell_of_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Hook of drf-spectacular: a route that documents no refusal answers problem documents like all others."""
    problem = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            if not any(status.startswith("4") for status in operation["responses"]):
                operation["responses"]["4XX"] = {"description": "Refused.", "content": problem}
    return result
