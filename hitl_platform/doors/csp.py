"""Content-Security-Policy: nothing runs, loads or frames here that this server did not send as a file."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PORTAL = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
# The console's look is built on Alpine, which compiles its attributes with Function(), and it writes its
# colours into a style element. Inline scripts stay forbidden; case text never reaches an Alpine attribute.
CONSOLE = PORTAL | {"script-src": "'self' 'unsafe-eval'", "style-src": "'self' 'unsafe-inline'"}
# Files that came with cases are strangers' bytes: whatever they are, nothing in them runs or loads.
FILES = {"sandbox": "", "default-src": "'none'", "frame-ancestors": "'none'"}
HEADER = "Content-Security-Policy"


def policy(directives: dict[str, str]) -> str:
    """Directives as the one header value that browsers read."""
    return "; ".join(f"{name} {sources}".strip() for name, sources in directives.items())


class ContentSecurityPolicy:
    """Sets the portal's policy on every response but below /console/ and /files/; a view may not widen it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.portal = policy(PORTAL)
        self.others = {"/console/": policy(CONSOLE), "/files/": policy(FILES)}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        found = (header for start, header in self.others.items() if request.path.startswith(start))
        response[HEADER] = next(found, self.portal)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response
