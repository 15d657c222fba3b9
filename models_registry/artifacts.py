"""Model artifacts: what may be stored, looked at by content before anything is built from it.

An artifact is a skops file: a zip of one `schema.json`, a tree of typed nodes, and `.npy` arrays. Everything
that unpickles, compresses beyond reason, or names a type outside the allow-list is refused here, before
skops sees a byte. Pure: no Django, no clock; the sandbox's child uses it too.
"""

import hashlib
import io
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib import format as npy

MAX_BYTES = 32 << 20
MAX_UNPACKED = 64 << 20
MAX_RATIO = 100
MAX_ENTRIES = 2_000
MAX_NODES = 500_000
MAX_DEPTH = 60
SCHEMA = "schema.json"
PROTOCOL = 2

# Trees and gradient boosting are left out: their node arrays are indexed without bounds checks by native
# code, so that a crafted file corrupts memory; sparse matrices for the same reason.
ESTIMATORS = frozenset(
    {
        "sklearn.pipeline.Pipeline",
        "sklearn.pipeline.FeatureUnion",
        "sklearn.compose._column_transformer.ColumnTransformer",
        "sklearn.preprocessing._data.StandardScaler",
        "sklearn.preprocessing._data.MinMaxScaler",
        "sklearn.preprocessing._data.MaxAbsScaler",
        "sklearn.preprocessing._data.RobustScaler",
        "sklearn.preprocessing._encoders.OneHotEncoder",
        "sklearn.preprocessing._encoders.OrdinalEncoder",
        "sklearn.preprocessing._polynomial.PolynomialFeatures",
        "sklearn.impute._base.SimpleImputer",
        "sklearn.feature_extraction.text.CountVectorizer",
        "sklearn.feature_extraction.text.TfidfVectorizer",
        "sklearn.feature_extraction.text.TfidfTransformer",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.naive_bayes.GaussianNB",
        "sklearn.naive_bayes.MultinomialNB",
        "sklearn.naive_bayes.BernoulliNB",
        "sklearn.neural_network._multilayer_perceptron.MLPClassifier",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.preprocessing._label.LabelBinarizer",
    }
)
# skops walks these by its own node classes; the values say which Python types each may stand for
_PLAIN = frozenset({"builtins.int", "builtins.float", "builtins.str", "builtins.bool"})
_NUMPY = frozenset(f"numpy.{name.__name__}" for name in set(np.sctypeDict.values()) if name is not np.object_)
_DTYPES = _PLAIN | _NUMPY
LOADERS: dict[str, frozenset[str]] = {
    "ObjectNode": ESTIMATORS,
    "JsonNode": _PLAIN,
    "TypeNode": _DTYPES,
    "DTypeNode": frozenset({"numpy.dtype"}),
    "NdArrayNode": _NUMPY | {"numpy.ndarray"},
    "DictNode": frozenset({"builtins.dict", "collections.OrderedDict"}),
    "ListNode": frozenset({"builtins.list"}),
    "SetNode": frozenset({"builtins.set"}),
    "TupleNode": frozenset({"builtins.tuple"}),
    "RandomStateNode": frozenset({"numpy.random.mtrand.RandomState"}),
    "SliceNode": frozenset({"builtins.slice"}),
}

_KNOWN_FOREIGN = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstandard"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"ZF", "a compressed joblib file"),
    (b"\x89HDF", "HDF5"),
    (b"\x93NUMPY", "a bare numpy array"),
)


# what zipfile raises of hostile input
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    UnicodeError,
    struct.error,
)


class ArtifactRefused(ValueError):
    """This file is not a model that may be stored or loaded; the message says why."""


def fingerprint(content: bytes) -> str:
    """SHA-256 of the artifact, in hex: its name everywhere."""
    return hashlib.sha256(content).hexdigest()


def inspect_artifact(content: bytes) -> None:
    """Raise ArtifactRefused unless `content` is a skops file within the limits and of allowed types only.

    Sizes are those of the bytes actually unpacked; what the zip's directory claims is not believed.
    """
    if len(content) > MAX_BYTES:
        raise ArtifactRefused(f"The artifact is larger than {MAX_BYTES >> 20} MiB.")
    _refuse_foreign(content)
    entries = _unpack(content)
    if SCHEMA not in entries:
        raise ArtifactRefused("This zip is not a skops file: it has no schema.json.")
    _inspect_nodes(_parse_schema(entries.pop(SCHEMA)), names=frozenset(entries))
    for name, data in entries.items():
        _inspect_array(name, data)


def canonical_artifact(content: bytes) -> bytes:
    """The same model as bytes that depend on nothing but the model.

    skops writes memory addresses and the time of day: addresses are dropped (nothing is shared between
    nodes that a predictor would mind), arrays named by order, the zip's times fixed, nothing compressed.
    """
    entries = _unpack(content)
    schema = _parse_schema(entries[SCHEMA])
    names: dict[str, str] = {}
    for node in _nodes(schema):
        node.pop("__id__", None)
        if "file" in node and "__loader__" in node:
            node["file"] = names.setdefault(node["file"], f"{len(names):05d}.npy")
    written = {names[old]: entries[old] for old in names}
    written[SCHEMA] = json.dumps(schema, separators=(",", ":")).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(written):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            archive.writestr(entry, written[name])
    return out.getvalue()


def _refuse_foreign(content: bytes) -> None:
    if content.startswith(b"PK\x03\x04"):
        return
    if content[:1] == b"\x80" or _looks_like_old_pickle(content):
        raise ArtifactRefused("This is a pickle, as joblib files are; loading one runs its code. Use skops.")
    for magic, name in _KNOWN_FOREIGN:
        if content.startswith(magic):
            raise ArtifactRefused(f"This is {name}, not a skops file.")
    raise ArtifactRefused("This is not a skops file.")


def _looks_like_old_pickle(content: bytes) -> bool:
    """Protocols 0 and 1 have no magic: they end in STOP and open with MARK, GLOBAL, EMPTY_* or a literal."""
    return content[:1] in b"(]})cIFVSLNK" and content.rstrip()[-1:] == b"."


def _unpack(content: bytes) -> dict[str, bytes]:
    """The entries' bytes by name, read no further than the limits."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_directory(entries)
            unpacked: dict[str, bytes] = {}
            room = min(MAX_UNPACKED, MAX_RATIO * max(len(content), 1024))
            for entry in entries:
                with archive.open(entry) as stream:
                    unpacked[entry.filename] = stream.read(room + 1)
                room -= len(unpacked[entry.filename])
                if room < 0:
                    raise ArtifactRefused("The artifact unpacks to more than is accepted.")
    except _DAMAGED as error:
        raise ArtifactRefused("The artifact's zip is damaged or of an unknown kind.") from error
    return unpacked


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise ArtifactRefused(f"The artifact has more than {MAX_ENTRIES} entries.")
    seen: set[str] = set()
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        name = entry.filename
        if name in seen:
            raise ArtifactRefused(f"The artifact has two entries named {name[:80]!r}.")
        seen.add(name)
        if name != SCHEMA and not (name.endswith(".npy") and name[:-4].isascii() and name[:-4].isdigit()):
            raise ArtifactRefused(f"The artifact has an entry that skops does not write: {name[:80]!r}.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 0x1:
            raise ArtifactRefused("The artifact is encrypted or compressed in an unusual way.")
        if entry.header_offset < end:
            raise ArtifactRefused("The artifact's entries overlap.")
        end = entry.header_offset + entry.compress_size


def _parse_schema(raw: bytes) -> dict[str, Any]:
    try:
        schema = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ArtifactRefused("The artifact's schema.json is not JSON, or nested too deeply.") from error
    if not isinstance(schema, dict) or schema.get("protocol") != PROTOCOL:
        raise ArtifactRefused(f"The artifact is not of skops protocol {PROTOCOL}.")
    return schema


def _nodes(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object of the tree, without recursion; refuses trees that are too large or too deep."""
    count, stack = 0, [(root, 0)]
    while stack:
        value, depth = stack.pop()
        count += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise ArtifactRefused("The artifact's tree of types is too large or too deep.")
        yield value
        for child in reversed(value.values()):
            for item in reversed(child) if isinstance(child, list) else (child,):
                if isinstance(item, dict):
                    stack.append((item, depth + 1))
                elif isinstance(item, list):
                    raise ArtifactRefused("The artifact's tree holds a list that skops does not write.")


def _inspect_nodes(schema: dict[str, Any], *, names: frozenset[str]) -> None:
    for node in _nodes(schema):
        if "__loader__" not in node and "__class__" not in node:
            continue
        loader, kind = node.get("__loader__"), f"{node.get('__module__')}.{node.get('__class__')}"
        if not isinstance(loader, str) or kind not in LOADERS.get(loader, frozenset()):
            raise ArtifactRefused(f"The artifact holds {kind[:120]}, which is not on the list of allowed types.")
        if loader == "NdArrayNode" and node.get("type") == "numpy" and node.get("file") not in names:
            raise ArtifactRefused("The artifact names an array that it does not hold.")


def _inspect_array(name: str, data: bytes) -> None:
    """An .npy whose header claims more than its bytes hold would be allocated before it is read."""
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = reader(stream, max_header_size=4096)
    except (ValueError, SyntaxError, EOFError, TypeError) as error:
        raise ArtifactRefused(f"The artifact's array {name} is damaged.") from error
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise ArtifactRefused(f"The artifact's array {name} is not as large as it says, or holds objects.")
