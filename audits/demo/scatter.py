"""A plot as a PNG, drawn point by point with NumPy and the standard library: no text, so that there is no font."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, MARGIN = 720, 540, 36
WHITE, BLACK, GREY = (255, 255, 255), (20, 20, 20), (200, 200, 200)
# told apart by people who see fewer colours, and by shape besides
ORANGE, BLUE = (213, 94, 0), (0, 114, 178)
TICKS = 5

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]


def scatter(points: Points, *, squares: NDArray[np.bool_], own: Sequence[float]) -> bytes:
    """PNG of n points (n, 2): squares where `squares`, dots elsewhere, and a cross at `own`; both axes from their
    least to their greatest value, with a line of the grid at each fifth."""
    low, high = points.min(axis=0), points.max(axis=0)
    image = np.full((HEIGHT, WIDTH, 3), WHITE, dtype=np.uint8)
    _grid(image)
    for point, is_square in zip(_places(points, low, high), squares, strict=True):
        _stamp(image, point, _SQUARE if is_square else _DOT, ORANGE if is_square else BLUE)
    _stamp(image, _places(np.array([own]), low, high)[0], _CROSS, BLACK)
    return png(image)


def png(image: Pixels) -> bytes:
    """An image (height, width, 3) as PNG, eight bits a channel."""
    height, width, _ = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def _places(points: Points, low: Points, high: Points) -> NDArray[np.int64]:
    """Columns and rows of points; what lies outside stands at the edge."""
    shares = np.clip((points - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    columns = MARGIN + shares[:, 0] * (WIDTH - 2 * MARGIN)
    rows = HEIGHT - MARGIN - shares[:, 1] * (HEIGHT - 2 * MARGIN)
    return np.stack([columns, rows], axis=1).round().astype(np.int64)


def _grid(image: Pixels) -> None:
    for tick in range(TICKS + 1):
        row = HEIGHT - MARGIN - tick * (HEIGHT - 2 * MARGIN) // TICKS
        column = MARGIN + tick * (WIDTH - 2 * MARGIN) // TICKS
        colour = GREY if tick else BLACK
        image[row, MARGIN : WIDTH - MARGIN] = colour
        image[MARGIN : HEIGHT - MARGIN, column] = colour


def _stamp(image: Pixels, place: NDArray[np.int64], shape: NDArray[np.int64], colour: tuple[int, int, int]) -> None:
    image[place[1] + shape[:, 1], place[0] + shape[:, 0]] = colour


def _shape(radius: int, inside: "NDArray[np.bool_]") -> NDArray[np.int64]:
    return np.argwhere(inside) - radius


_around = np.mgrid[-12:13, -12:13]
_DOT = _shape(12, (_around[0] ** 2 + _around[1] ** 2) <= 9)
_SQUARE = _shape(12, np.maximum(np.abs(_around[0]), np.abs(_around[1])) <= 3)
_CROSS = _shape(12, (np.minimum(np.abs(_around[0]), np.abs(_around[1])) <= 1))
