"""Models for the tests: an honest one, and real scikit-learn models that fail on the inputs named here."""

import numpy as np
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from models_registry.artifacts import canonical_artifact

LABELS = ["approve", "decline"]
LOAN_FEATURES = {
    "features": [
        {"name": "amount", "type": "number", "path": "loan.amount"},
        {"name": "months", "type": "number", "missing_value": None},
        {"name": "purpose", "type": "category", "values": ["car", "house", "other"]},
    ]
}
TEXT_FEATURES = {"features": [{"name": "text", "type": "text"}]}
NUMBER_FEATURES = {"features": [{"name": "x", "type": "number"}]}
HANGS_ON = "a" * 60 + "!"
BOMB = "ab" * 20_000
LIES_ON = 1e200


def artifact(model):
    """The model as the bytes that would be uploaded."""
    return canonical_artifact(skops.io.dumps(model))


def loan_rows(n, *, seed=0):
    """Payloads that fit LOAN_FEATURES, and labels that depend on them."""
    rng = np.random.default_rng(seed)
    payloads, labels = [], []
    for _ in range(n):
        amount, months = float(rng.integers(500, 20_000)), int(rng.integers(6, 72))
        purpose = str(rng.choice(["car", "house", "other"]))
        risk = amount / 10_000 + months / 50 + (purpose == "other") + rng.normal(scale=0.5)
        payloads.append({"loan": {"amount": amount}, "months": months, "purpose": purpose})
        labels.append("decline" if risk > 2 else "approve")
    return payloads, labels


def loan_matrix(payloads):
    matrix = np.empty((len(payloads), 3), dtype=object)
    for row, payload in enumerate(payloads):
        matrix[row] = [payload["loan"]["amount"], payload.get("months", np.nan), payload["purpose"]]
    return matrix


def loan_model(labels=None):
    """Imputer, scaler and one-hot encoder by columns, then a logistic regression."""
    payloads, known = loan_rows(400)
    numbers = Pipeline([("impute", SimpleImputer()), ("scale", StandardScaler())])
    columns = ColumnTransformer([("n", numbers, [0, 1]), ("c", OneHotEncoder(handle_unknown="ignore"), [2])])
    model = Pipeline([("columns", columns), ("predict", LogisticRegression())])
    return model.fit(loan_matrix(payloads), known if labels is None else labels(known))


def picky_model():
    """Raises for a purpose that it never saw."""
    payloads, known = loan_rows(200)
    columns = ColumnTransformer([("n", SimpleImputer(), [0, 1]), ("c", OneHotEncoder(), [2])])
    model = Pipeline([("columns", columns), ("predict", LogisticRegression(max_iter=5000))])
    return model.fit(loan_matrix(payloads), known)


def hanging_model():
    """Its token pattern backtracks for longer than the universe lasts on HANGS_ON."""
    words = CountVectorizer(token_pattern=r"(?:a+)+$")
    return _text_model(words)


def bomb_model():
    """Counts n-grams of up to 20,000 characters: a short text is harmless, BOMB is 400 million strings."""
    return _text_model(CountVectorizer(analyzer="char", ngram_range=(1, 20_000)))


def _text_model(vectorizer):
    texts = np.array([["aa"], ["aaa"], ["b aa"], ["c aaa"]], dtype=object)
    columns = ColumnTransformer([("t", vectorizer, 0)])
    return Pipeline([("columns", columns), ("predict", LogisticRegression())]).fit(texts, LABELS * 2)


def lying_model():
    """Answers NaN where x is LIES_ON: both densities underflow, and it divides one by their sum."""
    return GaussianNB().fit([[1.0], [2.0], [8.0], [9.0]], ["approve", "approve", "decline", "decline"])


def overtalking_model():
    """Knows two labels and answers for three."""
    model = LogisticRegression().fit([[0.0], [1.0], [2.0]], ["a", "b", "c"])
    model.classes_ = np.array(LABELS)
    return model


def curious_model():
    """Opens the file that the text names, as scikit-learn's vectorizers may be told to."""
    model = _text_model(CountVectorizer())
    model.named_steps["columns"].named_transformers_["t"].input = "filename"
    return model
