"""Budgets of the house: a file of 400 lines, a function of 40, keyword-only arguments from the second."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import FLOORS, name_of, python_files, tree_of

FILE_LINES = 400
FUNCTION_LINES = 40
FORBIDDEN_FILES = {"core", "common", "utils", "helpers", "misc"}
FORBIDDEN_STARTS = ("handle_", "process_", "manage_", "do_")
# names that a framework gives
FRAMEWORK_NAMES = {"process_view", "process_request", "process_exception", "process_response", "handle_starttag"}


def test_no_file_is_longer_than_its_budget() -> None:
    long = {
        name_of(path): lines for path in python_files() if (lines := len(path.read_text().splitlines())) > FILE_LINES
    }
    assert long == {}


def test_no_function_is_longer_than_its_budget() -> None:
    long = {
        f"{name_of(path)}:{node.name}": size
        for path in python_files(*FLOORS, "benchmarks")
        for node in _functions(path)
        if (size := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_no_file_is_a_drawer() -> None:
    drawers = [
        name_of(path)
        for path in python_files()
        if path.stem in FORBIDDEN_FILES or path.parent.name in FORBIDDEN_FILES or path.stem.endswith(("_2", "_extra"))
    ]
    assert drawers == []


def test_nothing_is_named_handle_process_manage_or_do() -> None:
    named = [
        f"{name_of(path)}:{node.name}"
        for path in python_files(*FLOORS)
        for node in _functions(path)
        if node.name.startswith(FORBIDDEN_STARTS) and node.name not in FRAMEWORK_NAMES
    ]
    assert named == []


def test_services_take_everything_by_keyword() -> None:
    positional = [
        f"{name_of(path)}:{node.name}"
        for path in python_files(*FLOORS)
        if path.stem == "services" or path.parent.name == "services"
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and len(node.args.args) > 1
    ]
    assert positional == []


def test_no_import_hides_in_a_function() -> None:
    hidden = [
        f"{name_of(path)}:{node.name}"
        for path in python_files(*FLOORS)
        for node in _functions(path)
        if any(isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node))
    ]
    assert hidden == []


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
