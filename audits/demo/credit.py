"""Northwind Credit: the Statlog German credit data, 1,000 loan applications of the 1970s with their ends.

Hans Hofmann, UCI Machine Learning Repository, doi 10.24432/C5NC77, CC BY 4.0. The codes of the file are spelled
out in our words. What its steps stand for is of the corrected code table of the same data (Ulrike Grömping, South
German Credit, doi 10.24432/C5X89F). Sex, age, personal status and foreign-worker status are protected: they are no
part of the payload and reach the platform as attributes alone. Two codes of `job` that differ by residence are one
here.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audits.demo.file_notes import file_note
from audits.demo.organisation import Example, Organisation, QueuePlan, TemplatePlan, halves

DATA = Path(__file__).with_name("data") / "german_credit.csv"

CODES: dict[str, dict[str, str]] = {
    "checking": {
        "A11": "overdrawn",
        "A12": "under 200 DM",
        "A13": "200 DM or more, or salary paid in",
        "A14": "no checking account",
    },
    "history": {
        "A30": "no loans so far",
        "A31": "all loans with us repaid",
        "A32": "present loans repaid on time",
        "A33": "late payments in the past",
        "A34": "loans elsewhere, or account in trouble",
    },
    "purpose": {
        "A40": "new car",
        "A41": "used car",
        "A42": "furniture",
        "A43": "radio or television",
        "A44": "household appliance",
        "A45": "repairs",
        "A46": "education",
        "A48": "retraining",
        "A49": "business",
        "A410": "something else",
    },
    "savings": {
        "A61": "under 100 DM",
        "A62": "100 to 500 DM",
        "A63": "500 to 1,000 DM",
        "A64": "1,000 DM or more",
        "A65": "none or unknown",
    },
    "employment": {
        "A71": "not employed",
        "A72": "under 1 year",
        "A73": "1 to 4 years",
        "A74": "4 to 7 years",
        "A75": "7 years or more",
    },
    "other_debtors": {"A101": "none", "A102": "co-applicant", "A103": "guarantor"},
    "property": {
        "A121": "real estate",
        "A122": "building savings or life insurance",
        "A123": "car or other",
        "A124": "none or unknown",
    },
    "other_install": {"A141": "at a bank", "A142": "at a store", "A143": "none"},
    "housing": {"A151": "rented", "A152": "owned", "A153": "free of charge"},
    "job": {
        "A171": "unskilled or without work",
        "A172": "unskilled or without work",
        "A173": "skilled",
        "A174": "manager, self-employed or highly qualified",
    },
    "telephone": {"A191": "no", "A192": "yes"},
}
PERSONAL_STATUS = {
    "A91": "male, divorced or separated",
    "A92": "female, divorced, separated or married",
    "A93": "male, single",
    "A94": "male, married or widowed",
}
FOREIGN_WORKER = {"A201": "yes", "A202": "no"}
AGE_BANDS = ((25, "under 25"), (35, "25 to 34"), (50, "35 to 49"), (65, "50 to 64"), (999, "65 or older"))

# numbers of the file that stand for more than one
STEPS: dict[str, tuple[str, ...]] = {
    "instalment_share": ("35 % or more", "25 to 35 %", "20 to 25 %", "under 20 %"),
    "residence_years": ("under 1 year", "1 to 4 years", "4 to 7 years", "7 years or more"),
    "loans_here": ("1", "2 or 3", "4 or 5", "6 or more"),
    "dependants": ("0 to 2", "3 or more"),
}
# payload field: (column, title, the layout's unit and format)
NUMBERS: dict[str, tuple[str, str, dict[str, str]]] = {
    "amount": ("amount", "Amount", {"unit": "DM"}),
    "months": ("duration", "Duration", {"unit": "months"}),
    "instalment_share": ("installment_rate", "Instalment, share of income", {}),
    "residence_years": ("residence", "At this address for", {}),
    "loans_here": ("existing_credits", "Loans with us", {}),
    "dependants": ("dependents", "People to maintain", {}),
}
CATEGORIES: dict[str, tuple[str, str]] = {
    "checking_account": ("checking", "Checking account"),
    "credit_history": ("history", "Credit history"),
    "purpose": ("purpose", "Purpose"),
    "savings": ("savings", "Savings"),
    "employed_for": ("employment", "In present employment for"),
    "guarantors": ("other_debtors", "Other debtors or guarantors"),
    "property": ("property", "Most valuable property"),
    "other_instalments": ("other_install", "Other instalment plans"),
    "housing": ("housing", "Housing"),
    "job": ("job", "Job"),
    "telephone": ("telephone", "Telephone"),
}
TEMPLATES = (
    TemplatePlan(
        "majority-of-3", "Majority of three", 3, "majority", settings={"control_share": 0.25, "shows_similar": True}
    ),
    TemplatePlan("both-of-2", "Both of two, or an adjudicator", 2, "unanimous"),
    TemplatePlan("first-answer", "Whoever of two is first", 2, "first_response", settings={"advice": "shown"}),
    TemplatePlan(
        "until-sure", "One to three, until 90 % sure, weighted by how each errs", 1, "weighted",
        settings={"seats_max": 3, "stop": "confident", "confidence_at_least": 0.9},
    ),
    TemplatePlan(
        "maker-checker", "A maker, then a checker with a veto", 2, "chain",
        settings={
            "advice": "hidden",
            "stages": [{"name": "maker"}, {"name": "checker", "skill": "checker", "veto": "dispute"}],
        },
    ),
)  # fmt: skip
QUEUES = (
    QueuePlan("loans", "Loans", "majority-of-3", "Would you lend this money? Three people look at each application."),
    QueuePlan("large-loans", "Large loans", "both-of-2", "10,000 DM or more. Two people must agree; else one decides."),
    QueuePlan("small-loans", "Small loans", "first-answer", "Under 1,200 DM. The first answer decides."),
    QueuePlan(
        "car-loans", "Loans for new cars", "until-sure",
        "One person is asked, and another one until the answer is sure enough; three at most.",
    ),
    QueuePlan(
        "business-loans", "Business loans", "maker-checker",
        "A maker decides, then a checker. Where the checker objects, an adjudicator settles it.",
        settings={"skills": [{"skill": "business", "level": 2}]},
    ),
)  # fmt: skip
SKILLS = {
    "business": {"reviewer": 3, "reviewer3": 2, "simulated1": 2, "simulated2": 3, "simulated3": 2},
    "checker": {"reviewer": 1, "reviewer3": 1, "simulated2": 1},
}
# below this the thresholds send every case to people: the rules only tell them apart
UNSURE = "model.confidence < 0.65"
POLICY = {
    "rules": [
        {
            "name": "Large loans are for people",
            "when": "case.amount >= 10000",
            "action": "review",
            "queue": "large-loans",
            "template": "both-of-2",
        },
        {
            "name": "Business goes through two hands",
            "when": f'case.purpose == "business" && {UNSURE}',
            "action": "review",
            "queue": "business-loans",
            "template": "maker-checker",
        },
        {
            "name": "Small sums need one answer",
            "when": f"case.amount < 1200 && {UNSURE}",
            "action": "review",
            "queue": "small-loans",
            "template": "first-answer",
        },
        {
            "name": "New cars until it is sure",
            "when": f'case.purpose == "new car" && {UNSURE}',
            "action": "review",
            "queue": "car-loans",
            "template": "until-sure",
        },
    ],
    "thresholds": {"approve": 0.7, "decline": 0.65},
    "otherwise": {"queue": "loans", "template": "majority-of-3"},
    "consensus": "dawid_skene",
}
REASON_CODES = (
    {"key": "steady-income", "name": "Steady income", "labels": ["approve"]},
    {"key": "good-record", "name": "Good payment record", "labels": ["approve"]},
    {"key": "secured", "name": "Property or guarantor", "labels": ["approve"]},
    {"key": "burden", "name": "Instalments too high", "labels": ["decline"]},
    {"key": "thin-reserves", "name": "Thin reserves", "labels": ["decline"]},
    {"key": "poor-record", "name": "Poor payment record", "labels": ["decline"]},
)
NOTE_TITLE = "File note, written by the demonstration from the fields above"
NOTE_MARK = {
    "type": "object",
    "additionalProperties": False,
    "required": ["start", "end"],
    "properties": {
        "start": {"type": "integer", "minimum": 0},
        "end": {"type": "integer", "minimum": 0},
        "title": {"type": "string", "maxLength": 200},
    },
}
SECTIONS = {
    "Loan": ("amount", "months", "instalment_share"),
    "Money": ("purpose", "checking_account", "savings", "property", "guarantors"),
    "Record": ("credit_history", "loans_here", "other_instalments"),
    "Applicant": ("job", "employed_for", "housing", "residence_years", "dependants", "telephone"),
}


def northwind() -> Organisation:
    """The organisation, its data read from the file beside this module."""
    known, cases = halves(read_examples())
    return Organisation(
        slug="northwind",
        name="Northwind Credit",
        case_type="loan",
        case_type_name="Loan application",
        definition=_definition(),
        model="loan-risk",
        model_name="Loan risk",
        feature_schema=_feature_schema(),
        label_order=["approve", "decline"],
        strength=0.1,
        templates=TEMPLATES,
        queues=QUEUES,
        policy=POLICY,
        skills=SKILLS,
        known=known,
        cases=cases,
    )


def read_examples() -> list[Example]:
    """All applications, in the order of the file."""
    with DATA.open(encoding="ascii", newline="") as file:
        return [_example(number, row) for number, row in enumerate(csv.DictReader(file), 1)]


def _example(number: int, row: dict[str, str]) -> Example:
    payload: dict[str, Any] = {"application": f"NC-{number:04d}"}
    payload |= {name: int(row[column]) for name, (column, _, _) in NUMBERS.items()}
    payload |= {name: CODES[column][row[column]] for name, (column, _) in CATEGORIES.items()}
    payload |= file_note(in_words(payload))
    attributes = {
        "sex": row["sex"].lower(),
        "age_band": next(band for below, band in AGE_BANDS if int(row["age"]) < below),
        "foreign_worker": FOREIGN_WORKER[row["foreign"]],
        "personal_status": PERSONAL_STATUS[row["personal_status_sex"]],
    }
    return Example(f"NC-{number:04d}", payload, attributes, "approve" if row["good_credit"] == "1" else "decline")


def in_words(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload with the meaning of each number that stands for something."""
    return {**payload, **{name: meanings[payload[name] - 1] for name, meanings in STEPS.items()}}


def _known_values(column: str) -> list[str]:
    return list(dict.fromkeys(CODES[column].values()))


def _feature_schema() -> dict[str, object]:
    numbers = [{"name": name, "type": "number"} for name in NUMBERS]
    categories = [
        {"name": name, "type": "category", "values": _known_values(column)} for name, (column, _) in CATEGORIES.items()
    ]
    return {"features": numbers + categories}


def _definition() -> dict[str, object]:
    return {
        "question": "Should this loan be given?",
        "payload_schema": _payload_schema(),
        "labels": [
            {"key": "approve", "name": "Approve", "shortcut": "1", "favourable": True},
            {"key": "decline", "name": "Decline", "shortcut": "2"},
        ],
        # as the makers of the data set weigh it: lending to somebody who does not repay is five times as bad
        "costs": {"decline": {"approve": 5}, "approve": {"decline": 1}},
        "reason_codes": list(REASON_CODES),
        "layout": {
            "sections": [
                {"title": title, "style": "figures" if title == "Loan" else "evidence", "fields": _fields(*names)}
                for title, names in SECTIONS.items()
            ]
            + [{"title": NOTE_TITLE, "style": "text", "fields": [{"key": "note", "highlights": "note_marks"}]}]
        },
        "attributes_schema": {
            "sex": {"title": "Sex", "values": ["female", "male"]},
            "age_band": {"title": "Age", "values": [band for _, band in AGE_BANDS]},
            "foreign_worker": {"title": "Foreign worker", "values": list(FOREIGN_WORKER.values())},
            "personal_status": {"title": "Sex and marital status", "values": list(PERSONAL_STATUS.values())},
        },
        "facets": [{"key": "amount", "type": "float"}, {"key": "purpose", "type": "text"}],
    }


def _payload_schema() -> dict[str, object]:
    properties: dict[str, object] = {"application": {"type": "string", "title": "Application", "maxLength": 40}}
    properties |= {
        name: {"type": "integer", "minimum": 0, "maximum": 10_000_000, "title": title}
        for name, (_, title, _) in NUMBERS.items()
    }
    for name, meanings in STEPS.items():
        choices = [{"const": step, "title": meaning} for step, meaning in enumerate(meanings, 1)]
        properties[name] = {"type": "integer", "title": NUMBERS[name][1], "oneOf": choices}
    properties |= {
        name: {"enum": _known_values(column), "type": "string", "title": title}
        for name, (column, title) in CATEGORIES.items()
    }
    required = [name for name in properties if name != "application"]
    properties |= {
        "note": {"type": "string", "title": NOTE_TITLE, "maxLength": 2_000},
        "note_marks": {"type": "array", "maxItems": 20, "title": "Marked in the note", "items": NOTE_MARK},
    }
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def _fields(*names: str) -> list[dict[str, str]]:
    more = {name: extra for name, (_, _, extra) in NUMBERS.items()}
    return [{"key": name, **more.get(name, {})} for name in names]
