"""St. Agnes Imaging: the Wisconsin diagnostic breast cancer data, 569 samples measured under a microscope.

Wolberg, Mangasarian, Street and Street, UCI Machine Learning Repository, doi 10.24432/C5DW2B, CC BY 4.0; read from
scikit-learn, which carries it. It names no units, and the pages say so. Nothing in it is about a person but the
diagnosis, so there are no attributes.
"""

from typing import Any

from sklearn.datasets import load_breast_cancer

from audits.demo.organisation import Example, Organisation, QueuePlan, TemplatePlan, halves

MEASURES = {
    "radius": "Radius",
    "texture": "Texture",
    "perimeter": "Perimeter",
    "area": "Area",
    "smoothness": "Smoothness",
    "compactness": "Compactness",
    "concavity": "Concavity",
    "concave_points": "Concave points",
    "symmetry": "Symmetry",
    "fractal_dimension": "Fractal dimension",
}
# the data set gives each measure over the cells of a sample three times, in this order
KINDS = {"mean": "mean", "spread": "standard error", "worst": "mean of the three largest"}
FIELDS = [f"{measure}_{kind}" for kind in KINDS for measure in MEASURES]
TEMPLATES = (
    TemplatePlan("both-of-2", "Both of two, or an adjudicator", 2, "unanimous", settings={"shows_similar": True}),
    TemplatePlan(
        "confirmation", "One reader confirms the model; who disagrees brings in another", 1, "majority",
        settings={"seats_max": 3, "confirms_model": True},
    ),
)  # fmt: skip
QUEUES = (
    QueuePlan("cytology", "Cytology", "both-of-2", "Two people must agree. If they do not, a third one settles it."),
    QueuePlan(
        "second-reading", "Second reading", "confirmation",
        "Answer before you see what the model says. If you agree, that decides; if not, one more person reads it.",
    ),
)  # fmt: skip
# the thresholds below leave these to people; the others of those are less sure
NEARLY_SURE = 'model.confidence >= 0.85 && (model.label == "benign" ? model.confidence < 0.98 : model.confidence < 0.9)'
# no measure of it has a unit
NUCLEI = "Nuclei; the data set names no units"
FIGURES = ("radius_worst", "area_worst", "concave_points_worst", "concavity_mean")


def st_agnes() -> Organisation:
    """The organisation, with the data that scikit-learn carries."""
    known, cases = halves(read_examples())
    return Organisation(
        slug="st-agnes",
        name="St. Agnes Imaging",
        case_type="cytology",
        case_type_name="Fine-needle sample",
        definition=_definition(),
        model="cytology",
        model_name="Cytology",
        feature_schema={"features": [{"name": name, "type": "number"} for name in FIELDS]},
        label_order=["malignant", "benign"],
        strength=1.0,
        templates=TEMPLATES,
        queues=QUEUES,
        policy={
            "rules": [
                {
                    "name": "Nearly sure: a person confirms it",
                    "when": NEARLY_SURE,
                    "action": "review",
                    "queue": "second-reading",
                    "template": "confirmation",
                }
            ],
            "thresholds": {"malignant": 0.9, "benign": 0.98},
            "otherwise": {"queue": "cytology", "template": "both-of-2"},
            "consensus": "dawid_skene",
        },
        skills={},
        known=known,
        cases=cases,
    )


def read_examples() -> list[Example]:
    """All samples, in the order of the data set."""
    found = load_breast_cancer()
    names = [str(name) for name in found.target_names]
    return [
        Example(f"SA-{number:04d}", _payload(number, values), {}, names[target])
        for number, (values, target) in enumerate(zip(found.data.tolist(), found.target.tolist(), strict=True), 1)
    ]


def _payload(number: int, values: list[float]) -> dict[str, Any]:
    return {"sample": f"SA-{number:04d}", **dict(zip(FIELDS, values, strict=True))}


REASONS = [
    {"key": "large-nuclei", "name": "Large nuclei", "labels": ["malignant"]},
    {"key": "ragged-outline", "name": "Ragged outline", "labels": ["malignant"]},
    {"key": "even-nuclei", "name": "Small, even nuclei", "labels": ["benign"]},
    {"key": "smooth-outline", "name": "Smooth outline", "labels": ["benign"]},
    {"key": "poor-sample", "name": "Poor sample"},
]


def _definition() -> dict[str, Any]:
    titles = {f"{measure}_{kind}": f"{MEASURES[measure]}, {KINDS[kind]}" for kind in KINDS for measure in MEASURES}
    properties: dict[str, Any] = {"sample": {"type": "string", "title": "Sample", "maxLength": 40}}
    properties |= {name: {"type": "number", "minimum": 0, "maximum": 100_000, "title": titles[name]} for name in FIELDS}
    return {
        "question": "Is this sample malignant?",
        "payload_schema": {
            "type": "object",
            "additionalProperties": False,
            "required": FIELDS,
            "properties": properties,
        },
        "labels": [
            {"key": "malignant", "name": "Malignant", "shortcut": "1"},
            {"key": "benign", "name": "Benign", "shortcut": "2"},
        ],
        "costs": {"malignant": {"benign": 20}, "benign": {"malignant": 1}},
        "reason_codes": REASONS,
        "layout": {
            "sections": [
                {
                    "title": "Nuclei; the data set names no units",
                    "style": "figures",
                    "fields": [{"key": name} for name in FIGURES],
                },
                *(
                    {
                        "title": f"{words[0].upper()}{words[1:]}",
                        "fields": [{"key": f"{measure}_{kind}", "title": MEASURES[measure]} for measure in MEASURES],
                    }
                    for kind, words in KINDS.items()
                ),
            ]
        },
        "facets": [{"key": "area_worst", "type": "float"}],
    }
