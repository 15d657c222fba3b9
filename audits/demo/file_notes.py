"""An application in sentences, made from its own fields and from nothing else. Pure.

The data set has no free text. These notes are the demonstration's, say so in their title, and let reviewers see how
a text is highlighted and mark what decided for them.
"""

from collections.abc import Mapping
from typing import Any

# answers whose words speak against an applicant; what the model makes of them is another matter
AGAINST = {
    "checking_account": {"overdrawn"},
    "savings": {"under 100 DM", "none or unknown"},
    "employed_for": {"not employed", "under 1 year"},
    "credit_history": {"late payments in the past"},
    "other_instalments": {"at a bank", "at a store"},
    "property": {"none or unknown"},
}
SENTENCES = (
    ("", "The applicant asks for {amount:,} DM over {months} months, for: {purpose}. "),
    ("instalment_share", "Instalments: {instalment_share} of income. "),
    ("checking_account", "Checking account: {checking_account}. "),
    ("savings", "Savings: {savings}. "),
    ("credit_history", "Credit history: {credit_history}. "),
    ("other_instalments", "Instalments elsewhere: {other_instalments}. "),
    ("employed_for", "In present employment: {employed_for}; job: {job}. "),
    ("property", "Most valuable property: {property}. "),
    ("", "Guarantors: {guarantors}; housing: {housing}."),
)
SAID = "By its words this speaks against the applicant"


def file_note(payload: Mapping[str, Any]) -> dict[str, Any]:
    """`note`, and `note_marks` over the sentences that speak against, counted in characters.

    The payload has words where its numbers stand for something.
    """
    note, marks = "", []
    for field, sentence in SENTENCES:
        said = sentence.format(**payload)
        if payload.get(field) in AGAINST.get(field, ()):
            marks.append({"start": len(note), "end": len(note) + len(said.rstrip()), "title": SAID})
        note += said
    return {"note": note, "note_marks": marks}
