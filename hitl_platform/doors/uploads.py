"""Uploaded files, bounded by the bytes that really come: a length may be announced wrong, or not at all."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from rest_framework.views import APIView

from hitl_platform.kernel.errors import TooLarge


def refuse_by_length(request: Any, *, most: int, what: str) -> None:
    """Refuse by the announced length before a byte is read; what was not announced is counted as it comes."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > most:
        raise TooLarge(f"{what} has at most {most >> 20} MiB.")


class BoundedUpload(TemporaryFileUploadHandler):
    """Files of one request go to temporary files, at most UPLOAD_MAX_BYTES of them together."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.come = 0
        self.made: list[TemporaryUploadedFile] = []

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file, and remember it."""
        super().new_file(*args, **kwargs)
        self.made.append(self.file)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Count, then keep; raises RequestDataTooBig past the bound."""
        self.come += len(raw_data)
        if self.come > settings.UPLOAD_MAX_BYTES:
            raise RequestDataTooBig
        return super().receive_data_chunk(raw_data, start)


class UploadView(APIView):
    """A route that takes files. Those of an upload that breaks off are closed too, which Django leaves open."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer, whatever became of the upload; then no temporary file is left."""
        try:
            return super().dispatch(request, *args, **kwargs)
        finally:
            for handler in request.upload_handlers:
                for file in getattr(handler, "made", ()):
                    file.close()
