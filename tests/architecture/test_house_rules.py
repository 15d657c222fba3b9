"""What the house forbids: signals, behaviour in save(), deserialisers that run code, broad excepts."""

import ast
import re
import subprocess

from tests.architecture.sources import FLOORS, ROOT, name_of, python_files, tree_of

# a worker's outermost loop may catch everything: what it caught becomes a visible state
OUTERMOST_LOOPS = {"hitl_platform/pipeline/runner.py", "models_registry/sandbox_child.py"}
FORBIDDEN_CALLS = {"pickle", "cPickle", "marshal", "dill", "joblib", "cloudpickle", "shelve"}
UNBOUNDED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def test_no_signals_and_no_behaviour_in_save() -> None:
    found = []
    for path in python_files(*FLOORS):
        for node in ast.walk(tree_of(path)):
            # Celery's own tell of a worker's life, not of data
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if module.endswith((".signals", "django.dispatch")) and module != "celery.signals":
                found.append(f"{name_of(path)}:{node.lineno} imports {module}")
            if isinstance(node, ast.ClassDef) and any(base in _bases(node) for base in ("Model", "TenantOwned")):
                found += [
                    f"{name_of(path)}:{item.lineno} overrides {item.name}"
                    for item in node.body
                    if isinstance(item, ast.FunctionDef) and item.name in ("save", "delete", "full_clean")
                ]
    assert found == []


def test_nothing_that_runs_code_reads_data() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(*FLOORS)
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] in FORBIDDEN_CALLS for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in FORBIDDEN_CALLS)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"))
    ]
    assert found == []


def test_nothing_is_swallowed() -> None:
    broad = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(*FLOORS)
        if name_of(path) not in OUTERMOST_LOOPS
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))
    ]
    assert broad == []


def test_requests_never_spread_into_queries() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(*FLOORS)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("filter", "exclude", "annotate", "alias", "values", "order_by", "extra", "get")
        for keyword in node.keywords
        if keyword.arg is None and "request" in ast.dump(keyword.value)
    ]
    assert found == []


def test_no_promise_is_left_in_a_comment() -> None:
    left = [
        f"{name_of(path)}:{number}"
        for path in python_files(*FLOORS, "benchmarks")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if UNBOUNDED.search(line)
    ]
    assert left == []


def test_no_registry_address_in_any_file() -> None:
    pattern = r"index-url|find-links|https?://[^ \"']*/(simple|packages)/|\"resolved\":"
    run = subprocess.run(
        ["git", "grep", "-n", "-I", "-E", pattern, "--", ".", ":!tests/architecture", ":!tests/embedded"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout == ""


def test_the_top_level_is_the_users() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    top = {name.split("/")[0] for name in listed if not name.startswith(".")}
    assert top <= {
        "hitl_platform", "cases", "reviews", "models_registry", "audits", "templates", "tests", "docs", "benchmarks",
        "manage.py", "pyproject.toml", "README.md", "CONTRIBUTING.md", "LICENSE", "NOTICE",
        "requirements.lock", "requirements-test.lock",
    }  # fmt: skip


def _bases(node: ast.ClassDef) -> set[str]:
    return {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases}
