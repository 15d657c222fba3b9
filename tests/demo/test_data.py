"""The demonstration's data: real, complete, and without a protected attribute where a model or a person looks."""

from collections import Counter

import pytest

from audits.demo import credit, imaging
from audits.demo.credit import northwind
from audits.demo.imaging import st_agnes
from audits.demo.organisation import Example
from cases.definitions import attributes_validator, read_definition
from cases.layouts import lay_out
from cases.validation import reasons, validator_of
from models_registry.features import extract, parse_features
from models_registry.training import train

PROTECTED = {"sex", "age", "age_band", "foreign", "foreign_worker", "personal_status", "personal_status_sex"}


@pytest.fixture(scope="module", params=[northwind, st_agnes], ids=["credit", "imaging"])
def organisation(request):
    return request.param()


def test_the_numbers_are_those_of_the_data_sets():
    assert Counter(example.truth for example in credit.read_examples()) == {"approve": 700, "decline": 300}
    assert Counter(example.truth for example in imaging.read_examples()) == {"malignant": 212, "benign": 357}
    assert Counter(example.attributes["sex"] for example in credit.read_examples()) == {"male": 690, "female": 310}
    assert Counter(example.attributes["foreign_worker"] for example in credit.read_examples())["no"] == 37


def test_the_first_application_is_spelled_out():
    first = credit.read_examples()[0]
    note, marks = first.payload.pop("note"), first.payload.pop("note_marks")
    assert note.startswith("The applicant asks for 1,169 DM over 6 months, for: radio or television.")
    assert [note[mark["start"] : mark["end"]] for mark in marks] == [
        "Checking account: overdrawn.",
        "Savings: none or unknown.",
    ]
    assert first == Example(
        external_id="NC-0001",
        payload={
            "application": "NC-0001",
            "amount": 1169,
            "months": 6,
            "instalment_share": 4,
            "residence_years": 4,
            "loans_here": 2,
            "dependants": 1,
            "checking_account": "overdrawn",
            "credit_history": "loans elsewhere, or account in trouble",
            "purpose": "radio or television",
            "savings": "none or unknown",
            "employed_for": "7 years or more",
            "guarantors": "none",
            "property": "real estate",
            "other_instalments": "none",
            "housing": "owned",
            "job": "skilled",
            "telephone": "yes",
        },
        attributes={
            "sex": "male",
            "age_band": "65 or older",
            "foreign_worker": "yes",
            "personal_status": "male, single",
        },
        truth="approve",
    )


def test_every_case_fits_its_type(organisation):
    definition = read_definition(dict(organisation.definition))
    payloads = validator_of(definition.payload_schema)
    attributes = attributes_validator(definition.attributes_schema)
    labels = {label["key"] for label in definition.labels}
    for example in (*organisation.known, *organisation.cases):
        assert reasons(payloads, example.payload) == {}
        assert reasons(attributes, example.attributes) == {}
        assert example.truth in labels
    features = parse_features(organisation.feature_schema)
    assert extract(features, [example.payload for example in organisation.cases]).problems == {}


def test_the_halves_do_not_meet(organisation):
    known = {example.external_id for example in organisation.known}
    assert known.isdisjoint(example.external_id for example in organisation.cases)
    assert abs(len(organisation.known) - len(organisation.cases)) <= 1


def test_nothing_protected_is_in_a_payload_a_feature_or_a_layout():
    organisation = northwind()
    shown = {field["key"] for section in organisation.definition["layout"]["sections"] for field in section["fields"]}
    features = {feature["name"] for feature in organisation.feature_schema["features"]}
    payload = set(organisation.definition["payload_schema"]["properties"])
    assert PROTECTED.isdisjoint(shown | features | payload)
    for example in organisation.cases:
        assert PROTECTED.isdisjoint(example.payload)
        told = " ".join(map(str, example.payload.values()))
        assert "male" not in told.split()
        assert example.attributes.keys() == organisation.definition["attributes_schema"].keys()


def test_the_layout_shows_every_field_once(organisation):
    sections = organisation.definition["layout"]["sections"]
    shown = Counter(field["key"] for section in sections for field in section["fields"])
    features = {feature["name"] for feature in organisation.feature_schema["features"]}
    assert features <= shown.keys()


def test_models_are_good_enough_to_decide_most(organisation):
    trained = train(
        [example.payload for example in organisation.known],
        [example.truth for example in organisation.known],
        feature_schema=organisation.feature_schema,
        strength=organisation.strength,
    )
    assert trained.metrics["accuracy"] >= {"northwind": 0.74, "st-agnes": 0.97}[organisation.slug]
    assert trained.metrics["calibration_error"] <= 0.06


def test_numbers_that_stand_for_more_are_said_in_the_words_of_the_code_table():
    example = credit.read_examples()[0]
    definition = credit.northwind().definition
    blocks = lay_out(definition["layout"], payload=example.payload, schema=definition["payload_schema"])
    said = {entry.title: f"{entry.value} {entry.unit}".strip() for block in blocks for entry in block.entries}
    assert said["Instalment, share of income"] == "under 20 %"
    assert said["At this address for"] == "7 years or more"
    assert said["Loans with us"] == "2 or 3"
    assert said["People to maintain"] == "0 to 2"
    assert "Instalments: under 20 % of income." in example.payload["note"]
