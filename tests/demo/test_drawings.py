"""What the demonstration draws and writes by code: files that the platform takes for what they are."""

import re

import numpy as np

from audits.demo.credit import in_words, read_examples
from audits.demo.file_notes import SAID, file_note
from audits.demo.guide import LINES, reading_guide
from audits.demo.imaging import st_agnes
from audits.demo.scatter import HEIGHT, WIDTH, scatter
from cases.images import dimensions
from cases.media_types import media_type


def test_a_plot_is_an_image_and_shows_where_a_sample_lies():
    points = np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]])
    one, other = (scatter(points, squares=np.array([True, False, True]), own=own) for own in ([0.1, 0.1], [0.9, 0.9]))
    assert media_type(one) == "image/png"
    assert dimensions(one, "image/png") == (WIDTH, HEIGHT)
    assert one != other
    # what lies outside of the others stands at the edge
    assert scatter(points, squares=np.array([True] * 3), own=[9.0, -9.0]) == scatter(
        points, squares=np.array([True] * 3), own=[1.0, 0.0]
    )


def test_the_guide_is_a_document_whose_table_is_right():
    document = reading_guide()
    assert media_type(document) == "application/pdf"
    assert all(line.encode() in document.replace(b"\\", b"") for line in LINES)
    places = [int(place) for place in re.findall(rb"^(\d{10}) 00000 n", document, re.MULTILINE)]
    assert [document[place:].startswith(b"%d 0 obj" % number) for number, place in enumerate(places, 1)] == [True] * 6


def test_a_note_says_what_the_fields_say_and_marks_whole_sentences():
    for example in read_examples()[:200]:
        told = file_note(in_words(example.payload))
        assert told == {name: example.payload[name] for name in ("note", "note_marks")}
        for mark in told["note_marks"]:
            assert told["note"][mark["start"] : mark["end"]].endswith(".")
            assert mark["title"] == SAID


def test_plots_are_of_samples_that_are_no_cases_yet():
    organisation = st_agnes()
    assert not {each.external_id for each in organisation.known} & {each.external_id for each in organisation.cases}
