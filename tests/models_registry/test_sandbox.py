"""The sandbox: what a model can see and do, and that the next request is served whatever it did."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from hitl_platform.bootstrap import ROOT
from models_registry.artifacts import fingerprint
from models_registry.faults import ModelCrashed, ModelLied, ModelTimeout, NoModel
from models_registry.features import extract, parse_features
from models_registry.outputs import honest_rows
from models_registry.sandbox import Limits, ModelRef, Sandbox
from tests.models_registry import crafted

LIMITS = Limits(predict_base=1.0)


@pytest.fixture(scope="module")
def sandbox():
    box = Sandbox(limits=LIMITS)
    yield box
    box.close()


class Asked:
    """One model and how it is asked."""

    def __init__(self, model, schema, labels=tuple(crafted.LABELS)):
        self.content = crafted.artifact(model)
        self.features = parse_features(schema)
        self.ref = ModelRef(fingerprint(self.content), labels, len(self.features))

    def ask(self, sandbox, payloads, content=None):
        columns = extract(self.features, payloads).columns
        return sandbox.predict(self.ref, columns, fetch=lambda: content or self.content)


@pytest.fixture(scope="module")
def loan():
    return Asked(crafted.loan_model(), crafted.LOAN_FEATURES)


def assert_serves(sandbox, loan):
    payloads, _ = crafted.loan_rows(3)
    assert honest_rows(loan.ask(sandbox, payloads)).all()


def test_predicts_what_the_model_predicts(sandbox, loan):
    payloads, _ = crafted.loan_rows(1000, seed=1)
    payloads[7]["months"] = None
    reply = loan.ask(sandbox, payloads)
    matrix = crafted.loan_matrix([{**p, "months": np.nan if p["months"] is None else p["months"]} for p in payloads])
    np.testing.assert_array_equal(reply.probabilities, crafted.loan_model().predict_proba(matrix))


def test_contributions_sum_to_the_decision_function(sandbox, loan):
    payloads, _ = crafted.loan_rows(500, seed=2)
    reply = loan.ask(sandbox, payloads)
    decided = crafted.loan_model().decision_function(crafted.loan_matrix(payloads))
    np.testing.assert_allclose(reply.contributions.sum(axis=1) + reply.baseline, np.abs(decided), atol=1e-9)


def test_contributions_of_many_labels_sum_to_the_log_odds(sandbox):
    model = crafted.loan_model(lambda known: [f"{label}{i % 2}" for i, label in enumerate(known)])
    asked = Asked(model, crafted.LOAN_FEATURES, ("decline1", "approve0", "approve1", "decline0"))
    payloads, _ = crafted.loan_rows(300, seed=3)
    reply = asked.ask(sandbox, payloads)
    known = model.predict_proba(crafted.loan_matrix(payloads))[:, [3, 0, 1, 2]]
    np.testing.assert_array_equal(reply.probabilities, known)
    ranked = np.sort(known, axis=1)
    log_odds = np.log(ranked[:, -1]) - np.log(ranked[:, -2])
    np.testing.assert_allclose(reply.contributions.sum(axis=1) + reply.baseline, log_odds, atol=1e-9)


def test_a_model_that_is_not_linear_has_no_contributions(sandbox):
    reply = Asked(crafted.lying_model(), crafted.NUMBER_FEATURES).ask(sandbox, [{"x": 1}, {"x": 9.5}])
    assert reply.contributions is None
    assert honest_rows(reply).all()


def test_the_child_has_nothing(sandbox, loan):
    assert_serves(sandbox, loan)
    process = Path(f"/proc/{sandbox.pid}")
    environment = process.joinpath("environ").read_bytes().split(b"\0")
    names = {line.partition(b"=")[0].decode() for line in environment if line}
    assert names <= {"LANG", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LD_LIBRARY_PATH"}
    assert len(list(process.joinpath("fd").iterdir())) == 4
    assert str(process.joinpath("cwd").readlink()).endswith("(deleted)")
    status = process.joinpath("status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert sandbox.walls["seccomp"], "the kernel refused the filter of system calls"
    assert "Seccomp:\t2" in status
    assert sandbox.walls["not_root"]
    assert psutil.Process(sandbox.pid).uids().real != 0
    limits = process.joinpath("limits").read_text()
    for line in ("Max file size             0", "Max processes             0", "Max core file size        0"):
        assert line in limits
    assert f"Max address space         {LIMITS.memory}" in limits


def test_the_child_serves_several_models_and_stays(sandbox, loan):
    lying = Asked(crafted.lying_model(), crafted.NUMBER_FEATURES)
    assert_serves(sandbox, loan)
    lying.ask(sandbox, [{"x": 1}])
    pid = sandbox.pid
    for _ in range(3):
        assert_serves(sandbox, loan)
        sandbox.predict(lying.ref, extract(lying.features, [{"x": 1}]).columns, fetch=lambda: pytest.fail("loaded"))
    assert sandbox.pid == pid


def test_a_hang_ends_at_the_deadline(sandbox, loan):
    hanging = Asked(crafted.hanging_model(), crafted.TEXT_FEATURES)
    assert honest_rows(hanging.ask(sandbox, [{"text": "aa"}])).all()
    before, began = sandbox.pid, time.monotonic()
    with pytest.raises(ModelTimeout) as fault:
        hanging.ask(sandbox, [{"text": crafted.HANGS_ON}])
    assert fault.value.child_lost
    assert time.monotonic() - began < 5
    assert not psutil.pid_exists(before)
    assert_serves(sandbox, loan)


def test_a_memory_bomb_dies_inside_its_limit(loan):
    box = Sandbox(limits=Limits(predict_base=14.0))
    bomb = Asked(crafted.bomb_model(), crafted.TEXT_FEATURES)
    assert honest_rows(bomb.ask(box, [{"text": "ab"}])).all()
    peak, done = [0], threading.Event()

    def watch(pid):
        while not done.wait(0.05):
            try:
                peak[0] = max(peak[0], psutil.Process(pid).memory_info().rss)
            except psutil.NoSuchProcess:
                return

    watcher = threading.Thread(target=watch, args=(box.pid,))
    watcher.start()
    began = time.monotonic()
    with pytest.raises(ModelCrashed):
        bomb.ask(box, [{"text": crafted.BOMB}])
    done.set()
    watcher.join()
    assert time.monotonic() - began < 15
    assert peak[0] < 2 << 30
    assert_serves(box, loan)
    box.close()


def test_a_killed_child_is_a_crash_and_replaced(sandbox, loan):
    hanging = Asked(crafted.hanging_model(), crafted.TEXT_FEATURES)
    hanging.ask(sandbox, [{"text": "aa"}])
    killer = threading.Timer(0.3, os.kill, (sandbox.pid, signal.SIGSEGV))
    killer.start()
    with pytest.raises(ModelCrashed, match="SIGSEGV"):
        hanging.ask(sandbox, [{"text": crafted.HANGS_ON}])
    killer.join()
    assert_serves(sandbox, loan)


def test_a_child_that_died_between_requests_is_no_fault(sandbox, loan):
    assert_serves(sandbox, loan)
    os.kill(sandbox.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(sandbox.pid)] if sandbox.pid else [], timeout=5)
    assert_serves(sandbox, loan)


def test_a_child_that_does_not_read_is_a_timeout(sandbox, loan):
    assert_serves(sandbox, loan)
    os.kill(sandbox.pid, signal.SIGSTOP)
    payloads, _ = crafted.loan_rows(5000)
    with pytest.raises(ModelTimeout):
        sandbox_with_little_time(sandbox, loan, payloads)
    assert_serves(sandbox, loan)


def sandbox_with_little_time(sandbox, loan, payloads):
    sandbox.limits = Limits(predict_base=0.3, predict_row=0)
    try:
        return loan.ask(sandbox, payloads)
    finally:
        sandbox.limits = LIMITS


def test_an_exception_is_a_crash_told_in_a_line_and_the_child_stays(sandbox, loan):
    picky = Asked(
        crafted.picky_model(),
        {"features": [*crafted.LOAN_FEATURES["features"][:2], {"name": "purpose", "type": "category"}]},
    )
    payloads, _ = crafted.loan_rows(3)
    picky.ask(sandbox, payloads)
    pid = sandbox.pid
    with pytest.raises(ModelCrashed, match="The model raised ValueError") as fault:
        picky.ask(sandbox, [{**payloads[0], "purpose": "yacht"}])
    assert "yacht" in fault.value.said
    assert "yacht" not in str(fault.value)
    assert not fault.value.child_lost
    assert sandbox.pid == pid


def test_a_model_that_opens_files_finds_none(sandbox):
    curious = Asked(crafted.curious_model(), crafted.TEXT_FEATURES)
    with pytest.raises(ModelCrashed, match="PermissionError"):
        curious.ask(sandbox, [{"text": "/etc/hostname"}])


NUMBERS = [[float(i % 7), float(i % 5)] for i in range(60)]
TRUTH = ["approve" if i % 7 + i % 5 > 5 else "decline" for i in range(60)]
TEXTS = [f"{'late' if label == 'decline' else 'paid'} {row[0]:.0f}" for row, label in zip(NUMBERS, TRUTH, strict=True)]
KINDS = {
    "minmax": make_pipeline(MinMaxScaler(), LogisticRegression()),
    "maxabs": make_pipeline(MaxAbsScaler(), LogisticRegression()),
    "robust": make_pipeline(RobustScaler(), LogisticRegression()),
    "ordinal": make_pipeline(OrdinalEncoder(), LogisticRegression()),
    "polynomial": make_pipeline(PolynomialFeatures(2), LogisticRegression(max_iter=1000)),
    "union": make_pipeline(FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler())]), LogisticRegression()),
    "gaussian": GaussianNB(),
    "bernoulli": make_pipeline(MinMaxScaler(), BernoulliNB(binarize=0.5)),
    "multinomial": MultinomialNB(),
    "network": make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=2000, random_state=0)),
}
WORDS = {
    "tfidf": TfidfVectorizer(),
    "counted": make_pipeline(CountVectorizer(), TfidfTransformer()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_allowed_estimator_predicts_in_the_sandbox(sandbox, kind):
    model = KINDS[kind].fit(NUMBERS, TRUTH)
    schema = {"features": [{"name": "a", "type": "number"}, {"name": "b", "type": "number"}]}
    reply = Asked(model, schema).ask(sandbox, [{"a": a, "b": b} for a, b in NUMBERS])
    np.testing.assert_allclose(reply.probabilities, model.predict_proba(NUMBERS), atol=1e-12)
    assert honest_rows(reply).all()
    assert_explained(reply, is_linear=kind in ("minmax", "maxabs", "robust", "ordinal"))


@pytest.mark.parametrize("kind", WORDS)
def test_words_are_counted_in_the_sandbox(sandbox, kind):
    columns = ColumnTransformer([("words", WORDS[kind], 0)])
    model = Pipeline([("columns", columns), ("predict", LogisticRegression())])
    matrix = np.array(TEXTS, dtype=object).reshape(-1, 1)
    model.fit(matrix, TRUTH)
    reply = Asked(model, crafted.TEXT_FEATURES).ask(sandbox, [{"text": text} for text in TEXTS])
    np.testing.assert_allclose(reply.probabilities, model.predict_proba(matrix), atol=1e-12)
    assert_explained(reply, is_linear=True)


def assert_explained(reply, *, is_linear):
    assert (reply.contributions is not None) == is_linear
    if is_linear:
        ranked = np.sort(reply.probabilities, axis=1)
        log_odds = np.log(ranked[:, -1]) - np.log(ranked[:, -2])
        np.testing.assert_allclose(reply.contributions.sum(axis=1) + reply.baseline, log_odds, atol=1e-9)


def test_lies_are_found_row_by_row(sandbox):
    lying = Asked(crafted.lying_model(), crafted.NUMBER_FEATURES)
    reply = lying.ask(sandbox, [{"x": 1}, {"x": crafted.LIES_ON}, {"x": 9}])
    assert honest_rows(reply).tolist() == [True, False, True]
    talking = Asked(crafted.overtalking_model(), crafted.NUMBER_FEATURES)
    assert not honest_rows(talking.ask(sandbox, [{"x": 1}])).any()


def test_a_swapped_artifact_is_refused_where_it_is_loaded(sandbox, loan):
    other = Asked(crafted.lying_model(), crafted.NUMBER_FEATURES)
    box = Sandbox(limits=LIMITS)
    with pytest.raises(NoModel, match="hash"):
        loan.ask(box, crafted.loan_rows(2)[0], content=other.content)
    with pytest.raises(NoModel, match="hash"):
        loan.ask(box, crafted.loan_rows(2)[0], content=loan.content + b"\0")
    assert_serves(box, loan)
    box.close()


def test_labels_that_the_model_does_not_know_are_refused(sandbox):
    asked = Asked(crafted.lying_model(), crafted.NUMBER_FEATURES, ("approve", "refer"))
    with pytest.raises(NoModel, match="labels"):
        asked.ask(sandbox, [{"x": 1}])


def test_an_answer_that_is_no_frame_is_a_lie(sandbox, loan, tmp_path, monkeypatch):
    """A child taken over by its model could write anything."""
    impostor = tmp_path / "child.py"
    impostor.write_text("import os\nos.write(1, os.urandom(64))\nos.read(0, 1)\n")
    monkeypatch.setattr("models_registry.sandbox._CHILD", impostor)
    box = Sandbox(limits=Limits(start=5))
    with pytest.raises(ModelCrashed, match="did not start"):
        loan.ask(box, crafted.loan_rows(1)[0])
    impostor.write_text(IMPOSTOR)
    with pytest.raises(ModelLied):
        loan.ask(box, crafted.loan_rows(1)[0])
    assert box.pid is None


IMPOSTOR = """
import os, struct
def say(header, body_length):
    os.write(1, struct.pack(">4sIQ", b"hitl", len(header), body_length) + header)
say(b'{"ready": true, "sizes": []}', 0)
os.read(0, 10)
say(b"{}", 1 << 40)
os.read(0, 1)
"""


OWNER = """
import sys
from models_registry.sandbox import Sandbox
box = Sandbox()
print("starting", flush=True)
box._ready_child()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("moment", ["starting", "ready"])
def test_a_killed_owner_leaves_no_folder_and_no_process(tmp_path, moment):
    command = [sys.executable, "-c", OWNER]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        while owner.stdout.readline() != f"{moment}\n":
            assert owner.poll() is None
        deadline = time.monotonic() + 30
        while not (children := psutil.Process(owner.pid).children()):
            assert time.monotonic() < deadline
        owner.kill()
    _, left = psutil.wait_procs(children, timeout=30)
    assert not left
    assert not list(tmp_path.iterdir())


def test_a_forked_worker_gets_a_child_of_its_own(sandbox, loan):
    assert_serves(sandbox, loan)
    before = sandbox.pid
    reader, writer = os.pipe()
    worker = os.fork()
    if worker == 0:
        try:
            assert_serves(sandbox, loan)
            os.write(writer, str(sandbox.pid).encode())
            sandbox.close()
        finally:
            os._exit(0)
    os.waitpid(worker, 0)
    assert int(os.read(reader, 20)) != before
    os.close(reader)
    os.close(writer)
    assert sandbox.pid == before
    assert_serves(sandbox, loan)
