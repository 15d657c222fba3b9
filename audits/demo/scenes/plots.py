"""Samples with a plot of their own figures, a document and a text: a kind of case for which there is no model.

The figures are the data set's. The plot is drawn from them and says so; there are no pictures of cells.
"""

from typing import Any

import numpy as np

from audits.demo.delivery import short_key, submit_one
from audits.demo.guide import reading_guide
from audits.demo.imaging import KINDS, MEASURES, NUCLEI
from audits.demo.organisation import Example
from audits.demo.scatter import scatter
from audits.demo.scenes.playing import Play
from audits.demo.seeding import let_in
from cases.models import Case, CaseType
from cases.services import create_case_type
from reviews.models import PanelTemplate, Queue
from reviews.services import create_queue, create_template

CASE_TYPE, QUEUE, TEMPLATE = "sample-plot", "plots", "two-blind"
COUNT = 8
ACROSS, UP = "radius_worst", "concave_points_worst"
PLOT, GUIDE = "plot.png", "reading-guide.pdf"
NOTE = (
    "Radius {across:.1f}, concave points {up:.3f}. Of the {count} other samples of known diagnosis, {larger} have a "
    "larger radius; {malignant} of those were malignant. On the plot, squares were malignant and dots benign; the "
    "cross is this sample. Written and drawn by the demonstration from the data set's figures."
)


def are_there(play: Play) -> bool:
    """Whether all of them have been submitted."""
    with play.reading():
        return Case.objects.filter(case_type__key=CASE_TYPE).count() >= COUNT


def submit(play: Play) -> None:
    """The kind of case, its queue, and the samples, each with its two files in one request."""
    _define(play)
    known = play.organisation.known
    guide = reading_guide()
    with short_key(play.staff) as key:
        for at in range(COUNT):
            # spread over the data set, whose first rows are nearly all malignant
            example = known[at * (len(known) // COUNT)]
            submission = {
                "case_type": CASE_TYPE,
                "external_id": example.external_id,
                "payload": _payload(play, example),
            }
            files = {PLOT: _plot(play, example), GUIDE: guide}
            submit_one(submission, files=files, address=play.address, key=key)


def _define(play: Play) -> None:
    with play.reading():
        there = {
            CASE_TYPE: CaseType.objects.filter(key=CASE_TYPE).exists(),
            TEMPLATE: PanelTemplate.objects.filter(key=TEMPLATE).exists(),
            QUEUE: Queue.objects.filter(key=QUEUE).exists(),
        }
    if not there[CASE_TYPE]:
        create_case_type(actor=play.manager, key=CASE_TYPE, name="Sample with a plot", definition=_definition(play))
    if not there[TEMPLATE]:
        create_template(
            actor=play.manager, key=TEMPLATE, name="Both of two, without a model", seats=2, mode="unanimous",
            advice="hidden",
        )  # fmt: skip
    if not there[QUEUE]:
        create_queue(
            actor=play.manager, key=QUEUE, name="Plots", template_key=TEMPLATE, case_type_key=CASE_TYPE,
            instructions="No model answers here. Mark on the plot, or in the text, what decided for you.",
        )  # fmt: skip
    let_in(play.staff, QUEUE)


def _payload(play: Play, example: Example) -> dict[str, Any]:
    others = [each for each in play.organisation.known if each is not example]
    larger = [each for each in others if each.payload[ACROSS] > example.payload[ACROSS]]
    note = NOTE.format(
        across=example.payload[ACROSS], up=example.payload[UP], count=len(others), larger=len(larger),
        malignant=sum(each.truth == "malignant" for each in larger),
    )  # fmt: skip
    measures = [
        {"measure": name, **{kind: example.payload[f"{measure}_{kind}"] for kind in KINDS}}
        for measure, name in MEASURES.items()
    ]
    figures = {name: example.payload[name] for name in (ACROSS, UP)}
    return {
        "sample": example.external_id, **figures, "note": note, "plot": PLOT, "guide": GUIDE, "measures": measures
    }  # fmt: skip


def _plot(play: Play, example: Example) -> bytes:
    others = [each for each in play.organisation.known if each is not example]
    points = np.array([[each.payload[ACROSS], each.payload[UP]] for each in others])
    squares = np.array([each.truth == "malignant" for each in others])
    return scatter(points, squares=squares, own=[example.payload[ACROSS], example.payload[UP]])


def _definition(play: Play) -> dict[str, Any]:
    number = {"type": "number", "minimum": 0, "maximum": 100_000}
    text = {"type": "string", "maxLength": 2_000}
    titles = {"measure": "Measure", **{kind: f"{words[0].upper()}{words[1:]}" for kind, words in KINDS.items()}}
    row = {
        "type": "object",
        "additionalProperties": False,
        "required": list(titles),
        "properties": {
            name: {**(text if name == "measure" else number), "title": told} for name, told in titles.items()
        },
    }
    properties = {
        "sample": {**text, "title": "Sample"},
        ACROSS: {**number, "title": "Radius, mean of the three largest"},
        UP: {**number, "title": "Concave points, mean of the three largest"},
        "note": {**text, "title": "Where it lies"},
        "plot": {**text, "title": "Radius (across) against concave points (up), drawn by the demonstration"},
        "guide": {**text, "title": "Reading guide, made for the demonstration"},
        "measures": {"type": "array", "maxItems": 20, "title": "All measures", "items": row},
    }
    sections = [
        {"title": NUCLEI, "style": "figures", "fields": [{"key": ACROSS}, {"key": UP}]},
        {"title": "Plot", "fields": [{"key": "plot", "format": "image"}]},
        {"title": "Where it lies", "style": "text", "fields": [{"key": "note"}]},
        {"title": "Measures", "fields": [{"key": "measures", "format": "table"}]},
        {"title": "Guide", "fields": [{"key": "guide", "format": "document"}]},
    ]
    definition = play.organisation.definition
    return {
        **{part: definition[part] for part in ("question", "labels", "costs", "reason_codes")},
        "payload_schema": {
            "type": "object", "additionalProperties": False, "required": list(properties), "properties": properties
        },
        "layout": {"sections": sections},
    }  # fmt: skip
