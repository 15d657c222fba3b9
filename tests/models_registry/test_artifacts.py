"""Artifacts are judged by their content, before anything is built from them."""

import functools
import gzip
import io
import json
import pickle
import struct
import zipfile

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import FunctionTransformer

from models_registry import artifacts
from models_registry.artifacts import ArtifactRefused, canonical_artifact, fingerprint, inspect_artifact
from models_registry.predictor import Predictor
from tests.models_registry import crafted


@pytest.fixture(scope="module")
def good():
    return crafted.artifact(crafted.loan_model())


def rewritten(content, *, change=None, **zip_options):
    """The artifact with `change(entries)` applied to its entries."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    if change:
        change(entries)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **zip_options) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_accepts_what_skops_wrote(good):
    inspect_artifact(good)
    inspect_artifact(skops.io.dumps(crafted.loan_model()))
    inspect_artifact(skops.io.dumps(crafted.loan_model(), compression=zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_refuses_pickles_of_every_protocol(protocol):
    with pytest.raises(ArtifactRefused, match="pickle"):
        inspect_artifact(pickle.dumps({"a": [1, 2.5, "x"]}, protocol=protocol))
    with pytest.raises(ArtifactRefused, match="pickle"):
        inspect_artifact(pickle.dumps(crafted.lying_model(), protocol=protocol))


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3)])
def test_refuses_joblib_whatever_it_is_called(compress, tmp_path):
    path = tmp_path / "innocent.skops"
    joblib.dump(crafted.lying_model(), path, compress=compress)
    with pytest.raises(ArtifactRefused):
        inspect_artifact(path.read_bytes())


def test_refuses_a_zip_that_carries_a_pickle(good):
    """What torch.save writes: a zip with data.pkl inside."""

    def add(entries):
        entries["archive/data.pkl"] = pickle.dumps([1])

    with pytest.raises(ArtifactRefused, match="does not write"):
        inspect_artifact(rewritten(good, change=add))


def test_refuses_compressed_files_and_noise(good):
    for content in (gzip.compress(good), b"", b"{}", b"\x93NUMPY\x01\x00", good[10:], b"PK\x03\x04" + b"\0" * 60):
        with pytest.raises(ArtifactRefused):
            inspect_artifact(content)


@pytest.mark.parametrize(
    "model",
    [FunctionTransformer(np.exp), RandomForestClassifier(2).fit([[0], [1]], [0, 1]), np.exp, functools.partial(print)],
    ids=["function", "trees", "ufunc", "partial"],
)
def test_refuses_types_off_the_list(model):
    with pytest.raises(ArtifactRefused, match="not on the list"):
        inspect_artifact(skops.io.dumps(model))


@pytest.mark.parametrize(
    ("module", "name", "loader"),
    [
        ("os", "system", "FunctionNode"),
        ("builtins", "eval", "TypeNode"),
        ("subprocess", "Popen", "ObjectNode"),
        ("builtins", "dict", "CachedNode"),
        ("operator", "methodcaller", "OperatorFuncNode"),
        ("builtins", "str", ["JsonNode"]),
    ],
)
def test_refuses_a_planted_node(good, module, name, loader):
    def plant(entries):
        schema = json.loads(entries["schema.json"])
        schema["content"]["content"]["memory"] = {
            "__module__": module,
            "__class__": name,
            "__loader__": loader,
            "content": {},
        }
        entries["schema.json"] = json.dumps(schema).encode()

    with pytest.raises(ArtifactRefused, match="not on the list"):
        inspect_artifact(rewritten(good, change=plant))


def test_refuses_a_bomb_by_the_bytes_it_unpacks(good):
    def swell(entries):
        entries["99999.npy"] = b"\0" * (artifacts.MAX_UNPACKED + 1)

    bomb = rewritten(good, change=swell, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1 << 20
    with pytest.raises(ArtifactRefused, match="unpacks"):
        inspect_artifact(bomb)
    # the directory now claims that the entry is small
    claimed = struct.pack("<I", artifacts.MAX_UNPACKED + 1)
    assert claimed in bomb
    with pytest.raises(ArtifactRefused):
        inspect_artifact(bomb.replace(claimed, struct.pack("<I", 1000)))


def test_refuses_too_many_entries_doubles_and_strangers(good):
    def many(entries):
        entries.update({f"{i:09d}.npy": b"" for i in range(artifacts.MAX_ENTRIES)})

    with pytest.raises(ArtifactRefused, match="entries"):
        inspect_artifact(rewritten(good, change=many))
    for name in ("../schema.json", "/etc/passwd", "C:\\x.npy", "x.npy", "1.npy\0.txt", "schema.json/"):
        out = io.BytesIO(good)
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr(zipfile.ZipInfo(name), b"x")
        with pytest.raises(ArtifactRefused):
            inspect_artifact(out.getvalue())
    out = io.BytesIO(good)
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("schema.json", b"{}")
    with pytest.raises(ArtifactRefused, match="two entries"):
        inspect_artifact(out.getvalue())


def test_refuses_an_array_that_claims_more_than_it_holds(good):
    def lie(entries):
        name = next(name for name in entries if name.endswith(".npy"))
        out = io.BytesIO()
        np.lib.format.write_array_header_1_0(out, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
        entries[name] = out.getvalue()

    with pytest.raises(ArtifactRefused, match="as large as it says"):
        inspect_artifact(rewritten(good, change=lie))


def test_refuses_a_tree_too_deep_or_too_large(good):
    def deepen(entries):
        node = '{"__class__":"list","__module__":"builtins","__loader__":"ListNode","content":['
        entries["schema.json"] = ('{"protocol":2,"a":' + node * 200 + "]}" * 200 + "}").encode()

    def deepen_past_python(entries):
        entries["schema.json"] = b'{"protocol":2,"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"

    for change in (deepen, deepen_past_python):
        with pytest.raises(ArtifactRefused, match="deep"):
            inspect_artifact(rewritten(good, change=change))


def test_refuses_more_than_the_limit():
    with pytest.raises(ArtifactRefused, match="larger"):
        inspect_artifact(b"PK\x03\x04" + b"\0" * artifacts.MAX_BYTES)


def test_the_same_model_is_the_same_bytes():
    first, second = skops.io.dumps(crafted.loan_model()), skops.io.dumps(crafted.loan_model())
    assert fingerprint(canonical_artifact(first)) == fingerprint(canonical_artifact(second))
    assert canonical_artifact(canonical_artifact(first)) == canonical_artifact(first)


def test_the_canonical_artifact_predicts_the_same():
    model = crafted.loan_model()
    matrix = crafted.loan_matrix(crafted.loan_rows(50)[0])
    content = crafted.artifact(model)
    again = Predictor(content, sha256=fingerprint(content), labels=crafted.LABELS, n_features=3).model
    np.testing.assert_array_equal(again.predict_proba(matrix), model.predict_proba(matrix))
