"""What each login of the demonstration shows, in a line: the tour that the demo prints and the README holds."""

SIGHTS = {
    "northwind": {
        "reviewer": "five queues, each with a panel of another kind; a case handed over, with a comment that names her",
        "reviewer2": "business loans wait outside his skills, and the queue says so; practice under My work",
        "reviewer3": "a chain that waits for its checker (Business loans)",
        "adjudicator": "an open dispute (Large loans): both judgments side by side, where they differ, nobody's name",
        "manager": "console: a breached due date and what it escalated, a cry for help, a contest, a flag, an absence",
        "owner": "rules, gold items and policies that wait for a second person are theirs to approve",
        "compliance": "the ledger, routing records and protected attributes; no case to judge",
        "simulated1": "My work: scores with intervals, an agreement with panels, a gold item contested and waiting",
        "simulated-hasty": "My work: flagged for answers that were given too fast, with the figures and room to answer",
    },
    "st-agnes": {
        "reviewer": "Second reading: one confirms the model, blind; Plots: an image to zoom and box, a PDF, a text",
        "adjudicator": "Cytology: two must agree, and what they could not settle comes here",
        "manager": "console: a reviewer paused by the queue's rule, with the evidence; lift it with a reason",
        "simulated-paused": "Cytology is closed to this reviewer, and says why: four known cases, none right",
    },
}
