"""Charts as SVG, drawn on the server: points with intervals by row, and lines against a diagonal.

Shapes tell series apart, colour only helps; colours are classes of the stylesheet, so that a chart follows light and
dark. `standalone` puts the colours of paper inside, for a document that has no stylesheet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH = 400
LEFT, RIGHT = 10, 10
ROW, SERIES, LEGEND, FOOT = 18, 14, 20, 24
PLOT = 260
SHAPES = ("circle", "square", "triangle", "diamond")
PAPER = (
    "text{font-family:'Libertinus Serif';font-size:11.5px;fill:#171a1f}.soft{fill:#4f5762}"
    ".grid{stroke:#dce0e5}.limit{stroke:#a3211c;stroke-dasharray:4 3}.zero{stroke:#828a95}"
    ".s0{stroke:#3a4bbd;fill:#3a4bbd}.s1{stroke:#7a4a00;fill:#7a4a00}.s2{stroke:#14663a;fill:#14663a}"
    ".s3{stroke:#444b55;fill:#444b55}.line{fill:none;stroke-width:1.5}.whisker{stroke-width:1.5}"
)


@dataclass(frozen=True, slots=True)
class Point:
    """One value with its interval; a value that is not defined is drawn as words."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its label, a point for each series (None: not drawn), and words in place of points."""

    label: str
    points: Sequence[Point | None] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class PointChart:
    """Rows of points on one scale. `limit`: a line not to be crossed; `zero`: where nothing differs."""

    title: str
    series: Sequence[str]
    rows: Sequence[Row]
    show: Callable[[float], str]
    limit: float | None = None
    zero: float | None = None
    within: tuple[float, float] | None = None
    limit_name: str = ""


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines of (x, y) on the unit square, against the diagonal where both are the same."""

    title: str
    series: Sequence[str]
    lines: Sequence[Sequence[tuple[float, float]]]
    x_name: str
    y_name: str


@dataclass(slots=True)
class _Paper:
    """Marks so far, and how far down they reach."""

    height: float = 0
    marks: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, *, anchor: str = "start", soft: bool = False) -> None:
        kind = ' class="soft"' if soft else ""
        self.marks.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(words)}</text>')

    def line(self, kind: str, *ends: float) -> None:
        x1, y1, x2, y2 = ends
        self.marks.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def mark(self, series: int, x: float, y: float) -> None:
        kind, at = f"s{series % len(SHAPES)}", f"{x:.1f} {y:.1f}"
        shape = SHAPES[series % len(SHAPES)]
        if shape == "circle":
            self.marks.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
            return
        path = {"square": "m-4 -4h8v8h-8z", "triangle": "m0 -5l5 9h-10z", "diamond": "m0 -5.5l5 5.5l-5 5.5l-5 -5.5z"}
        self.marks.append(f'<path class="{kind}" d="M{at}{path[shape]}"/>')

    def svg(self, title: str, *, standalone: bool) -> str:
        style = f"<style>{PAPER}</style>" if standalone else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height:.0f}" class="chart" role="img" '
            f'aria-label="{escape(title)}">{style}{"".join(self.marks)}</svg>'
        )


class Drawing(str):
    """Markup in which every word is escaped; `__html__` says so to whatever puts it on a page."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


def draw(chart: PointChart | LineChart, *, standalone: bool = False) -> Drawing:
    """The chart as one SVG element."""
    paper = _Paper()
    if len(chart.series) > 1:
        _legend(paper, chart.series)
    (_points if isinstance(chart, PointChart) else _lines)(paper, chart)  # type: ignore[arg-type]  # by its own kind
    return Drawing(paper.svg(chart.title, standalone=standalone))


def _legend(paper: _Paper, series: Sequence[str]) -> None:
    x, y = float(LEFT), 12.0
    for at, name in enumerate(series):
        width = 18 + 6.6 * len(name)
        if x + width > WIDTH and x > LEFT:
            x, y = float(LEFT), y + LEGEND
        paper.mark(at, x + 5, y - 4)
        paper.text(x + 14, y, name)
        x += width + 8
    paper.height = y + 8


def _points(paper: _Paper, chart: PointChart) -> None:
    low, high = chart.within or _range(chart)
    scale = (WIDTH - LEFT - RIGHT) / ((high - low) or 1)
    top = paper.height

    def place(value: float) -> float:
        return LEFT + (min(max(value, low), high) - low) * scale

    below = top + sum(_height(row) for row in chart.rows)
    for tick in ticks(low, high):
        paper.line("grid", place(tick), top + 4, place(tick), below)
        paper.text(place(tick), below + 14, chart.show(tick), anchor=_anchor(place(tick)), soft=True)
    for kind, value in (("zero", chart.zero), ("limit", chart.limit)):
        if value is not None and low <= value <= high:
            paper.line(kind, place(value), top + 4, place(value), below)
    y = top
    for row in chart.rows:
        paper.text(LEFT, y + 15, row.label if not row.words else f"{row.label}: {row.words}", soft=bool(row.words))
        for at, point in enumerate(row.points if not row.words else ()):
            _point(paper, at, point, y=y + ROW + SERIES * at + 7, place=place)
        y += _height(row)
    paper.height = below + FOOT
    if chart.limit is not None and chart.limit_name:
        paper.text(LEFT, paper.height + 6, f"Dashed: {chart.limit_name}", soft=True)
        paper.height += 14


def _point(paper: _Paper, series: int, point: Point | None, *, y: float, place: Callable[[float], float]) -> None:
    if point is None:
        return
    if point.value is None:
        paper.text(LEFT + 2, y + 4, "not defined", soft=True)
        return
    if point.low is not None and point.high is not None:
        paper.line(f"whisker s{series % len(SHAPES)}", place(point.low), y, place(point.high), y)
    paper.mark(series, place(point.value), y)


def _lines(paper: _Paper, chart: LineChart) -> None:
    top, size, left = paper.height + 6, float(PLOT), 46.0

    def spot(x: float, y: float) -> tuple[float, float]:
        return left + x * size, top + (1 - y) * size

    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        (x, _), (_, y) = spot(tick, 0), spot(0, tick)
        paper.line("grid", x, top, x, top + size)
        paper.line("grid", left, y, left + size, y)
        paper.text(x, top + size + 15, f"{tick:g}", anchor="middle", soft=True)
        paper.text(left - 6, y + 4, f"{tick:g}", anchor="end", soft=True)
    paper.line("zero", *spot(0, 0), *spot(1, 1))
    for at, line in enumerate(chart.lines):
        spots = [spot(*point) for point in line]
        if len(spots) > 1:
            joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
            paper.marks.append(f'<polyline class="line s{at % len(SHAPES)}" points="{joined}"/>')
        for x, y in spots:
            paper.mark(at, x, y)
    paper.text(left, top + size + 32, f"Across: {chart.x_name}. Up: {chart.y_name}.", soft=True)
    paper.height = top + size + 40


def _height(row: Row) -> float:
    return ROW + 6 + (0 if row.words else SERIES * max(1, len(row.points)))


def _range(chart: PointChart) -> tuple[float, float]:
    """From the lowest to the highest of what is drawn, with a little room; never a single value."""
    values = [
        value
        for row in chart.rows
        for point in row.points
        if point is not None and point.value is not None
        for value in (point.value, point.low, point.high)
        if value is not None
    ]
    values += [value for value in (chart.limit, chart.zero) if value is not None]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = (high - low) * 0.06 or 0.05
    return low - room, high + room


def ticks(low: float, high: float) -> list[float]:
    """Three to seven round values between two."""
    span = high - low
    step = next(
        (base * power for power in (10.0**exponent for exponent in range(-6, 9)) for base in (1, 2, 5)
         if span / (base * power) <= 6),
        span,
    )  # fmt: skip
    first = -(-low // step)
    return [round((first + at) * step, 10) for at in range(int((high - first * step) / step) + 1)]


def _anchor(x: float) -> str:
    if x < LEFT + 20:
        return "start"
    return "end" if x > WIDTH - RIGHT - 20 else "middle"
