"""Uploaded files, bounded by the bytes that really come: a length may be announced wrong, or not at all."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class BoundedUpload(TemporaryFileUploadHandler):
    """Files of one request go to temporary files, at most UPLOAD_MAX_BYTES of them together."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.come = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Count, then keep; raises RequestDataTooBig past the bound."""
        self.come += len(raw_data)
        if self.come > settings.UPLOAD_MAX_BYTES:
            raise RequestDataTooBig
        return super().receive_data_chunk(raw_data, start)
