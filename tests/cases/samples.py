"""One small file of each kind that is kept, and files that only look like one."""

import io
import struct
import zipfile
import zlib


def png(width: int = 3, height: int = 2) -> bytes:
    """A black image."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(width) for _ in range(min(height, 10)))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def jpeg(width: int = 3, height: int = 2, *, before: bytes = b"") -> bytes:
    """The segments of an image up to its frame."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
        + (b"\xff\xfe" + struct.pack(">H", len(before) + 2) + before if before else b"")
        + b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xd9"
    )  # fmt: skip


def gif(width: int = 3, height: int = 2, *, after: bytes = b"") -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00" + after + b";"


def webp(form: bytes = b"VP8X") -> bytes:
    bodies = {
        b"VP8X": b"\x00" * 4 + (2).to_bytes(3, "little") + (1).to_bytes(3, "little"),
        b"VP8L": b"\x2f" + (2 | 1 << 14).to_bytes(4, "little") + b"\x00" * 9,
        b"VP8 ": b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", 3, 2),
    }
    body = form + struct.pack("<I", len(bodies[form])) + bodies[form]
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    return packed.getvalue()


PDF = b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41" + b"\x00" * 40
M4A = b"\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00isommp41" + b"\x00" * 40
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + b"\x00" * 100
KEPT = {
    "image/png": [png()],
    "image/jpeg": [jpeg(), jpeg(before=b"<script>alert(1)</script>" * 1_000)],
    "image/gif": [gif(), b"GIF87a" + gif()[6:]],
    "image/webp": [webp(b"VP8X"), webp(b"VP8L"), webp(b"VP8 ")],
    "application/pdf": [PDF],
    "audio/mpeg": [MP3, MP3[10:]],
    "video/mp4": [MP4],
    "audio/mp4": [M4A],
    "text/plain": [b"Dear Sir or Madam,\n", "café\n".encode(), b"a < b and c > d\n", b"\xef\xbb\xbfwith a mark\n"],
    "text/csv": [b"name,amount\nJane,3\n", b"a;b\r\n1;2\r\n"],
}
REFUSED = {
    "nothing": b"",
    "html": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "html later": b"Dear Sir,\n" + b"x" * 200 + b"<script>alert(1)</script>",
    "html in capitals": b"  \n<HTML><BODY>x",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg with a prologue": b'<?xml version="1.0"?><svg/>',
    "xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "zip": archive("../../etc/passwd", "a.txt"),
    "docx": archive("word/document.xml", "[Content_Types].xml"),
    "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 30,
    "elf": b"\x7fELF\x02\x01\x01" + b"\x00" * 40,
    "exe": b"MZ\x90\x00\x03" + b"\x00" * 60,
    "pickle": b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix",
    "utf-16": "hello".encode("utf-16"),
    "latin-1": "café".encode("latin-1") + b"\n",
    "a terminal's escape": b"hello \x07\x00 world",
    "late bytes": b"plain text\n" * 30_000 + b"\x00\xff",
    "pdf that begins late": b"\x01" + PDF,
    "postscript": b"%!PS-Adobe-3.0\n<html>",
    "tiff": b"II*\x00" + b"\x00" * 30,
    "bmp": b"BM" + b"\x00" * 60,
    "ico": b"\x00\x00\x01\x00" + b"\x00" * 60,
    "png without a size": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "png of no width": png(0, 5),
    "png of four gigapixels": png(65_000, 65_000),
    "jpeg without a frame": b"\xff\xd8\xff\xe0\x00\x04ab\xff\xd9",
    "jpeg that never ends": b"\xff\xd8" + b"\xff" * 5_000,
    "webp without an image": b"RIFF\x10\x00\x00\x00WEBPVP8X",
    "quicktime of no known brand": b"\x00\x00\x00\x18ftypevil" + b"\x00" * 40,
}
