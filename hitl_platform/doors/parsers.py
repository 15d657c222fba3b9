"""Bodies of requests: strict JSON, and streams of lines that no parser reads ahead."""

from collections.abc import Mapping
from typing import Any, NoReturn

from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from hitl_platform.kernel import strict_json
from hitl_platform.kernel.errors import Invalid

MAX_BODY_BYTES = 1_048_576
NDJSON = "application/x-ndjson"


class StrictJSONParser(BaseParser):
    """`application/json`, by the rules of kernel/strict_json.py. A body that is no object is refused."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The object that the body holds; raises Invalid or TooLarge."""
        value = strict_json.loads(stream.read(MAX_BODY_BYTES + 1), max_bytes=MAX_BODY_BYTES)
        if not isinstance(value, dict):
            raise Invalid("The body must be a JSON object.", code="not_an_object")
        return value


class LinesParser(BaseParser):
    """`application/x-ndjson`: names the media type; the view reads the stream itself, line by line."""

    media_type = NDJSON

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> NoReturn:
        """Never called: `request.data` would hold a million lines in memory."""
        raise TypeError("a stream of lines is read by the view, not parsed")


class LinesRenderer(BaseRenderer):
    """`application/x-ndjson` as an answer; the view streams it itself."""

    media_type = NDJSON
    format = "ndjson"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> NoReturn:
        """Never called: what is not a stream here is a problem document, rendered where it is made."""
        raise TypeError("a stream of lines is written by the view, not rendered")
