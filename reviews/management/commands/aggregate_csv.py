"""`manage.py aggregate_csv answers.csv --method dawid_skene --out consensus.csv`: consensus without a database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from reviews.consensus import METHODS, Aggregation, aggregate, krippendorff_alpha, tied
from reviews.consensus.tables import BadTable, Table, read_answers, write_consensus


class Command(BaseCommand):
    """Reads the columns task, worker, label; writes task, label, confidence; needs no server."""

    help = "Aggregate a CSV file of answers (task, worker, label) into one of labels (task, label, confidence)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file read, the method, the file written."""
        parser.add_argument("answers", type=Path, help="CSV file with the columns task, worker, label")
        parser.add_argument("--method", choices=METHODS, default="dawid_skene")
        parser.add_argument("--out", type=Path, required=True, help="CSV file to write")

    def handle(self, *args: Any, answers: Path, method: str, out: Path, **options: Any) -> None:
        """Read, aggregate, write, tell; a line that cannot be used stops it before anything is written."""
        try:
            with answers.open("rb") as lines:
                table = read_answers(lines)
            found = _aggregated(table, method=method)
            with out.open("w", encoding="utf-8", newline="") as lines:
                write_consensus(lines, table=table, aggregation=found)
        except BadTable as error:
            raise CommandError(f"{answers}, {error}") from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        except ValueError as error:
            raise CommandError(f"{answers}: {error}") from error
        self.stderr.write(_summary(table, found=found, method=method), style_func=str)


def _aggregated(table: Table, *, method: str) -> Aggregation:
    return aggregate(
        table.task,
        table.worker,
        table.label,
        n_tasks=len(table.tasks),
        n_workers=len(table.workers),
        n_labels=len(table.labels),
        method=method,
    )


def _summary(table: Table, *, found: Aggregation, method: str) -> str:
    alpha = krippendorff_alpha(table.task, table.label, n_tasks=len(table.tasks), n_labels=len(table.labels))
    agreement = "undefined" if np.isnan(alpha) else f"{alpha:.3f}"
    rounds = f", {found.iterations} iterations" if found.iterations else ""
    unfinished = "" if found.converged else ", stopped before it converged"
    return (
        f"{len(table.task):,} answers by {len(table.workers):,} workers to {len(table.tasks):,} tasks, "
        f"{len(table.labels)} labels; {method}{rounds}{unfinished}; "
        f"{int(tied(found.posteriors).sum()):,} ties; Krippendorff's alpha {agreement}."
    )
