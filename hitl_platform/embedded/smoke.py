"""The main job once, through HTTP: `python -m hitl_platform.embedded.smoke ADDRESS REPORT LOGINS`.

A system submits cases, the model and the policy decide some, people in the portal the rest, an outcome arrives,
and the exported ledger verifies offline until a byte of it is changed. Writes timings as JSON to REPORT; exits 0
only if all of it held.
"""

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from . import programs
from .visitors import NDJSON, Integrator, Person, Unexpected, shown_reference

CASES = 24  # of each kind: those that the model decided before, and those that it left to people
PATIENCE = 300.0  # seconds for each wait: long, because it only ends what is stuck
REVIEW_AGAIN = 15.0  # seconds until reviewers look again whether seats were left
Found = TypeVar("Found")
MOST_PEOPLE = 4  # of one role: a panel has three seats
SCOPES = "cases:write,cases:read,outcomes:write,ledger:read"


@dataclass
class Story:
    """What happens, in order; `seconds` keeps how long each part took."""

    api: Integrator
    people: list[Person]
    adjudicators: list[Person]
    seconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time one part of the story."""
        started = time.monotonic()
        print(f"{name} …", flush=True)
        yield
        self.seconds[name] = round(time.monotonic() - started, 2)

    def run(self) -> None:
        """The whole story; raises Unexpected where it goes another way."""
        prefix = f"smoke-{int(time.time())}"
        with self.part("choose cases like those before"):
            case_type, samples = self.samples()
        with self.part("submit one"):
            first = self.submit_one(case_type, samples[0], external_id=f"{prefix}-0")
        with self.part("submit many"):
            self.submit_many(case_type, samples[1:], prefix=prefix)
        with self.part("score and route"):
            cases = self.wait_until_routed(prefix, expected=len(samples))
        with self.part("panels of reviewers"):
            self.review(prefix)
        with self.part("decisions, outcome, timeline"):
            decided = self.look_back(cases, first=first)
        with self.part("ledger verified offline"):
            self.verify_ledger(decided)

    def samples(self) -> tuple[str, list[dict[str, Any]]]:
        """Payloads that the model decided and payloads that went to people, of one case type."""
        for case_type in self.api.get("case-types/"):
            key = case_type["key"]
            by_model = self.api.pages(f"decisions/?made_by=model&case_type={key}", most=CASES)
            by_people = self.api.pages(f"cases/?state=in_review&case_type={key}", most=CASES)
            if by_model and by_people:
                ids = [item["case_id"] for item in by_model] + [item["id"] for item in by_people]
                return key, [self.api.get(f"cases/{case_id}/")["payload"] for case_id in ids]
        raise Unexpected("No case type has both cases that its model decided and cases that wait for people.")

    def submit_one(self, case_type: str, payload: dict[str, Any], *, external_id: str) -> str:
        """One case, sent twice: made once."""
        submission = {"case_type": case_type, "external_id": external_id, "payload": payload, "due_at": soon()}
        body = json.dumps(submission).encode()
        made = self.api.ask("POST", "cases/", body=body, expect=(201,)).json()
        again = self.api.ask("POST", "cases/", body=body, expect=(200,)).json()
        demand(made["id"] == again["id"], "The same submission made two cases.")
        wrong = json.dumps({**submission, "payload": {}, "external_id": f"{external_id}-wrong"}).encode()
        problem = self.api.ask("POST", "cases/", body=wrong, expect=(400, 422))
        demand(problem.headers["content-type"].startswith("application/problem+json"), "No problem document.")
        return str(made["id"])

    def submit_many(self, case_type: str, payloads: Sequence[dict[str, Any]], *, prefix: str) -> None:
        """A file with two bad lines: those are named, the others are kept."""
        lines = [
            json.dumps({"external_id": f"{prefix}-{number}", "payload": payload, "due_at": soon()})
            for number, payload in enumerate(payloads, 1)
        ]
        lines[1:1] = ['{"external_id": "cut off', json.dumps({"external_id": f"{prefix}-empty", "payload": {}})]
        body = "\n".join(lines).encode()
        answers = self.api.ask("POST", f"case-types/{case_type}/cases/bulk", body=body, kind=NDJSON).lines()
        summary = answers[-1]["summary"]
        demand([answer.get("line") for answer in answers if "line" in answer] == [2, 3], f"Bad lines: {answers}")
        demand(summary["accepted"] == len(payloads) and summary["rejected"] == 2, f"Summary: {summary}")

    def wait_until_routed(self, prefix: str, *, expected: int) -> list[dict[str, Any]]:
        """Until no case waits for a machine any more; some are decided, some are with people."""

        def routed() -> list[dict[str, Any]]:
            cases = self.ours(prefix)
            waiting = [case for case in cases if case["state"] in {"received", "scored"}]
            return cases if len(cases) == expected and not waiting else []

        cases = wait_for(routed, what="routing")
        for state in ("decided", "in_review"):
            self.counts[f"{state} by the policy"] = sum(case["state"] == state for case in cases)
            demand(self.counts[f"{state} by the policy"] > 0, f"No case was {state} by the policy.")
        return cases

    def review(self, prefix: str) -> None:
        """Reviewers, then adjudicators, work their queues until each of our cases is decided."""
        for person in (*self.people, *self.adjudicators):
            person.log_in()
        reviewed_at = -REVIEW_AGAIN

        def all_decided() -> bool:
            nonlocal reviewed_at
            left = {reference_of(case["id"]) for case in self.ours(prefix) if case["state"] != "decided"}
            again = time.monotonic() > reviewed_at + REVIEW_AGAIN
            for number, person in enumerate([*(self.people if again else []), *self.adjudicators] if left else []):
                self.counts["judgments"] = self.counts.get("judgments", 0) + self.work(person, number=number, ours=left)
            reviewed_at = time.monotonic() if again else reviewed_at
            return not left

        wait_for(all_decided, what="the panels")

    def ours(self, prefix: str) -> list[dict[str, Any]]:
        """Our own cases, which are the newest."""
        return [case for case in self.api.pages("cases/?limit=100", most=100) if belongs(case, prefix)]

    def work(self, person: Person, *, number: int, ours: set[str]) -> int:
        """One person works each queue while its cases are ours, which are due first; answers how many were judged."""

        def choose(reference: str, labels: list[str]) -> str:
            # People see every case differently: panels of two end in a dispute, panels of three in a majority.
            return labels[(zlib.crc32(reference.encode()) + number) % len(labels)]

        judged = 0
        for queue in person.queues():
            path, page = person.next_case(queue)
            is_first = True  # perhaps somebody else's case that is still in hand
            while path.startswith("/seats/") and (is_first or shown_reference(page) in ours):
                before = path
                path, page = person.decide(page, choose=choose)
                judged += path != before
                is_first = is_first and path == before
        return judged

    def look_back(self, cases: Sequence[dict[str, Any]], *, first: str) -> list[str]:
        """Each case has exactly one decision; an outcome is kept; the timeline tells it all."""
        made_by: dict[str, int] = {}
        for case in cases:
            decisions = self.api.get(f"cases/{case['id']}/decisions")
            demand(len(decisions) == 1, f"Case {case['external_id']} has {len(decisions)} decisions.")
            made_by[decisions[0]["made_by"]] = made_by.get(decisions[0]["made_by"], 0) + 1
        self.counts |= {f"decided by {who}": number for who, number in sorted(made_by.items())}
        demand({"model", "panel", "adjudicator"} <= set(made_by), f"Decided by {sorted(made_by)} alone.")
        label = self.api.get(f"cases/{first}/")["decisions"][0]["label"]
        outcome = {"label": label, "observed_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        self.api.ask("POST", f"cases/{first}/outcomes", body=json.dumps(outcome).encode(), expect=(201,))
        told = [event["verb"] for event in self.api.get(f"cases/{first}/timeline")]
        wanted = ["case.submitted", "case.scored", "case.decided", "outcome.posted"]
        demand([verb for verb in told if verb in wanted] == wanted, f"The timeline tells {told}.")
        return [case["id"] for case in cases]

    def verify_ledger(self, case_ids: Sequence[str]) -> None:
        """The export verifies with the standard library alone, and names the event that is changed in it."""
        key = command("ledger_public_key").strip()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)

            def exported() -> list[str]:
                data = self.api.ask("GET", "ledger/export").body
                zipfile.ZipFile(io.BytesIO(data)).extractall(folder)
                lines = (folder / "events.ndjson").read_text(encoding="utf-8").splitlines()
                return lines if all(any(case_id in line for line in lines) for case_id in case_ids) else []

            wait_for(lambda: "outcome.posted" in "".join(exported()), what="the sealer")
            code, words = verify(folder, key=key)
            demand(code == 0, f"The export does not verify:\n{words}")
            self.change_one_byte(folder, key=key)

    def change_one_byte(self, folder: Path, *, key: str) -> None:
        """Flip one byte of one event; the verifier must fail and name it."""
        path = folder / "events.ndjson"
        lines = path.read_bytes().splitlines(keepends=True)
        self.counts["events in the ledger"] = len(lines)
        number = next(index for index, line in enumerate(lines) if b'"outcome.posted"' in line)
        event_id = json.loads(lines[number])["id"]
        lines[number] = lines[number].replace(b"outcome.posted", b"outcome.postee")
        path.write_bytes(b"".join(lines))
        code, words = verify(folder, key=key)
        demand(code == 1 and event_id in words, f"A changed event was not named (exit code {code}):\n{words}")


def verify(folder: Path, *, key: str) -> tuple[int, str]:
    """Run the export's own verifier in an isolated Python without site packages."""
    command_line = [sys.executable, "-I", "-S", str(folder / "verify.py"), str(folder), "--public-key", key]
    finished = subprocess.run(command_line, check=False, capture_output=True, text=True)
    return finished.returncode, finished.stdout + finished.stderr


def command(*arguments: str) -> str:
    """What a Django command prints."""
    finished = subprocess.run(programs.django(*arguments), check=False, capture_output=True, text=True)
    demand(finished.returncode == 0, f"{' '.join(arguments)} failed:\n{finished.stderr}")
    return finished.stdout


def wait_for(condition: Callable[[], Found], *, what: str) -> Found:
    """Poll until the condition answers something true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise Unexpected(f"Waited {PATIENCE:.0f} s for {what}.")
        time.sleep(0.5)
    return found


def reference_of(case_id: str) -> str:
    """What a case page calls this case."""
    digits = case_id[-8:].upper()
    return f"{digits[:4]}-{digits[4:]}"


def belongs(case: dict[str, Any], prefix: str) -> bool:
    """Whether a case is one of ours."""
    return str(case["external_id"]).startswith(f"{prefix}-")


def demand(held: bool, sentence: str) -> None:
    """Raise Unexpected with the sentence unless it held."""
    if not held:
        raise Unexpected(sentence)


def soon() -> str:
    """Due within the minute, so that ours are handed out before the demo's."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))


def main(arguments: Sequence[str]) -> int:
    """Run the story against a running platform and write its report."""
    address, report, logins_file = arguments
    logins = json.loads(Path(logins_file).read_text(encoding="utf-8"))
    tenant = next(login["tenant"] for login in logins if "adjudicator" in login["roles"])
    key = command("create_key", "--tenant", tenant, "--name", "Smoke", "--scopes", SCOPES).strip().splitlines()[-1]

    def people(role: str) -> list[Person]:
        known = [login for login in logins if login["tenant"] == tenant and role in login["roles"]]
        known.sort(key=lambda login: bool(login["simulated"]))
        return [Person(address, login["email"], login["password"]) for login in known[:MOST_PEOPLE]]

    story = Story(api=Integrator(address, key), people=people("reviewer"), adjudicators=people("adjudicator"))
    failed = ""
    try:
        story.run()
    except (Unexpected, OSError, KeyError) as failure:
        failed = f"{type(failure).__name__}: {failure}"
        print(failed, flush=True)
    found = {"passed": not failed, "failed": failed, "seconds": story.seconds, "counts": story.counts}
    Path(report).write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
