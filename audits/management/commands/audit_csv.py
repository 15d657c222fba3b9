"""`manage.py audit_csv cases.csv --truth repaid --decision approved --groups sex,age --favourable 1 --json audit.json`.

A bias audit of a file, without a database: the same code as an audit of the platform's own decisions.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audits.fairness import Plan, audit, document_bytes, rule_sets
from audits.fairness.files import BadFile, Columns, Read, read_population


class Command(BaseCommand):
    """Reads a row a case; writes the audit as JSON; needs no server."""

    help = "Audit the decisions of a CSV file: rates by group, how they differ, and whether chance explains it."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, what its columns are, how it is read."""
        parser.add_argument("file", type=Path, help="CSV file with a header, a row a case")
        parser.add_argument("--truth", required=True, metavar="COL", help="what turned out to be true")
        parser.add_argument(
            "--decision",
            required=True,
            action="append",
            metavar="COL",
            help="what was decided; more than once for more",
        )
        parser.add_argument("--score", metavar="COL", help="the model's score of the positive answer")
        parser.add_argument("--groups", required=True, metavar="a,b,c", help="columns of protected attributes")
        parser.add_argument("--favourable", required=True, metavar="V", help="the decision that favours a person")
        parser.add_argument("--positive", metavar="V", help="the positive answer (1 of 0 and 1; else the favourable)")
        parser.add_argument("--true", metavar="V", help="the positive value of the truth, where it has other words")
        parser.add_argument("--negative", metavar="V", help="the negative answer; others then are neither")
        parser.add_argument("--unknown", action="append", default=[""], metavar="V", help="counts as not known")
        parser.add_argument("--reference", choices=["best", "largest"], default="best", help="the group compared with")
        parser.add_argument("--minimum-cell", type=int, default=0, metavar="N", help="smaller groups are not shown")
        parser.add_argument("--rules", default="", metavar="id,id", help=", ".join(each.id for each in rule_sets()))
        parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
        parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="file to write")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        """Read, audit, write, tell."""
        columns = Columns(
            truth=options["truth"],
            decisions=tuple(options["decision"]),
            groups=names_in(options["groups"]),
            favourable=options["favourable"],
            score=options["score"],
            positive=options["positive"],
            negative=options["negative"],
            true=options["true"],
            unknown=tuple(options["unknown"]),
        )
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                read = read_population(lines, columns=columns)
            document = audited(read, columns=columns, options=options)
            options["json"].write_bytes(document_bytes({"dataset": file.stem, **document}) + b"\n")
        except BadFile as error:
            raise CommandError(f"{file}: {error}") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{file}: is no text in UTF-8") from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stderr.write(summary(document), style_func=str)


def names_in(text: str) -> tuple[str, ...]:
    """Names between commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def audited(read: Read, *, columns: Columns, options: dict[str, Any]) -> dict[str, Any]:
    """The audit; the first decision stands at the top, as if it were the only one."""
    plan = Plan(
        favourable=read.favourable,
        deciders=columns.decisions,
        reference=options["reference"],
        minimum_cell=options["minimum_cell"],
        seed=options["seed"],
        same_cases=columns.decisions if len(columns.decisions) > 1 else (),
        rule_sets=names_in(options["rules"]),
        context={"scoring_answer": read.above_median} if read.above_median else {},
    )
    document = audit(read.population, plan=plan)
    first = document["deciders"][columns.decisions[0]]
    return {**document, "overall": first["overall"], "audits": first["audits"]}


def summary(document: dict[str, Any]) -> str:
    """What was found, in a few lines."""
    found, flags = document["findings"], document["flags"]
    lines = [f"{document['n']} cases, {document['tests']['number']} tests, {len(found)} findings, {len(flags)} flags"]
    lines += [f"  {each['severity']}: {each['text']}" for each in found[:5]]
    return "\n".join(lines)
