"""`manage.py demo`: the whole platform on this machine, its data kept in `.hitl/` between starts."""

import argparse
import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from . import ports, programs
from .keyring import write_private
from .lodging import open_home, temporary_home
from .narrator import Narrator, open_log
from .occupancy import occupy
from .progress import Progress
from .servers import running_servers
from .supervisor import StopAsked, Supervisor
from .surroundings import ENVIRONMENT_FILE, HOME

DEFAULT_PORT = 8000
LOGINS_FILE = "logins.json"


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    reviewers: int
    port: int
    smoke: bool
    home: Path
    pace: float


def run(arguments: Sequence[str]) -> int:
    """Start everything, say where it is, stop it all on Ctrl-C; answers the exit code."""
    options = parse(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask_to_stop)
    home = temporary_home("hitl-smoke-") if options.smoke else open_home(options.home)
    # The smoke test's stdout is its report.
    narrator = Narrator(log=open_log(home / "demo.log"), stream=sys.stderr if options.smoke else sys.stdout)
    try:
        with occupy(home, say=narrator.say):
            return serve(options, home=home, narrator=narrator)
    except StopAsked:
        narrator.say("Stopped.")
        return 0 if not options.smoke else 130
    finally:
        if options.smoke:
            shutil.rmtree(home, ignore_errors=True)


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="manage.py demo", description="The whole platform on this machine.")
    parser.add_argument("--reviewers", type=int, default=0, metavar="N", help="simulated reviewers at work")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"of the portal ({DEFAULT_PORT})")
    parser.add_argument("--smoke", action="store_true", help="drive the main job once, print timings, stop")
    parser.add_argument("--pace", type=float, default=1.0, help="simulated people's looks are multiplied by this (1)")
    parser.add_argument("--home", type=Path, default=HOME, metavar="DIR", help="where data is kept (.hitl)")
    found = parser.parse_args(list(arguments))
    if not 1 <= found.port <= 65535 or not 0 <= found.reviewers <= 50:
        parser.error("--port takes 1 to 65535, --reviewers 0 to 50")
    if not 0 < found.pace <= 100:
        parser.error("--pace takes more than 0, and 100 at most")
    return Options(
        reviewers=found.reviewers, port=found.port, smoke=found.smoke, home=found.home.resolve(), pace=found.pace
    )


def serve(options: Options, *, home: Path, narrator: Narrator) -> int:
    """Servers, then preparation, then the processes, until the smoke test ends or somebody stops us."""
    started = time.monotonic()
    port = choose_port(options, narrator=narrator)
    address = f"http://{ports.LOOPBACK}:{port}"
    with running_servers(home, throwaway=options.smoke, say=narrator.say) as servers:
        environment = servers.environment(public_url=address)
        environment["HITL_DEMO_LOGINS"] = str(home / LOGINS_FILE)
        supervisor = Supervisor(
            servers=servers, environment=environment, narrator=narrator, children_file=home / "children.json"
        )
        with stopped_at_the_end(supervisor), remembered(environment, home=home):
            prepare_and_start(supervisor, port=port, home=home)
            narrator.say(f"Ready: servers and data took {time.monotonic() - started:.0f} s.")
            if options.smoke:
                return drive(supervisor, address=address, home=home)
            welcome(narrator, address=address, home=home, reviewers=options.reviewers)
            # cases arrive, and scenes are played, while the visitor looks around
            supervisor.start(programs.seed_demo("--pace", str(options.pace)))
            progress = Progress(url=environment["MIGRATOR_DATABASE_URL"], say=narrator.say)
            if options.reviewers:
                # scenes need their cases for themselves
                supervisor.tell_failure("seed", code=supervisor.watch(tick=progress.tick, until="seed"))
                people = programs.simulated_reviewers(options.reviewers, address=address, pace=options.pace)
                supervisor.start(people)
            return supervisor.watch(tick=progress.tick)


def choose_port(options: Options, *, narrator: Narrator) -> int:
    """The port of the portal: the wanted one, or the next free one, and said so."""
    if options.smoke:
        return ports.free_port()
    if ports.is_free(options.port):
        return options.port
    port = ports.first_free_from(options.port + 1)
    narrator.say(f"Port {options.port} is taken by another program; using {port}.")
    return port


def prepare_and_start(supervisor: Supervisor, *, port: int, home: Path) -> None:
    """Roles and tables; then every process, until each says that it is ready, and meanwhile people and models."""
    for program in programs.preparation():
        supervisor.run_once(program)
    running = (
        programs.web(port),
        programs.worker(),
        programs.beat(str(home / "beat-schedule")),
        programs.sweep(),
        programs.seal(),
    )
    for program in running:
        supervisor.start(program)
    if not (home / LOGINS_FILE).exists():
        supervisor.run_once(programs.seed_demo("--without-cases"))
    supervisor.wait_until_ready(*(program.name for program in running))


def drive(supervisor: Supervisor, *, address: str, home: Path) -> int:
    """Run the smoke test against the running platform; its report goes to stdout as JSON."""
    report = home / "smoke.json"
    supervisor.run_once(programs.seed_demo("--without-scenes"))
    supervisor.start(programs.smoke(address, report=str(report), logins=str(home / LOGINS_FILE)))
    code = supervisor.watch(until="smoke")
    if report.exists():
        print(report.read_text(encoding="utf-8"), flush=True)
    return code


def welcome(narrator: Narrator, *, address: str, home: Path, reviewers: int) -> None:
    """The address, the demo's logins, and what each of them shows."""
    narrator.say(f"Portal   {address}/")
    narrator.say(f"Console  {address}/console/")
    logins = home / LOGINS_FILE
    known = json.loads(logins.read_text(encoding="utf-8")) if logins.exists() else []
    toured = [login for login in known if not login["simulated"] or login["sees"]]
    for login in toured:
        roles = ", ".join(role.replace("_", " ") for role in login["roles"])
        narrator.say(f"  {login['email']:<34} {login['password']:<22} {login['tenant']}: {roles}")
        if login["sees"]:
            narrator.say(f"      {login['sees']}")
    hint = (
        f"{reviewers} of them work as soon as the scenes are set."
        if reviewers
        else "`demo --reviewers 6` sets six to work."
    )
    narrator.say(f"{sum(login['simulated'] for login in known)} logins are simulated reviewers'; {hint}")
    narrator.say("On a first start the scenes of this tour are played in about two minutes; the log tells of each.")
    narrator.say("Ctrl-C stops everything; the data stays. `python3 manage.py create_key --help` makes API keys.")


@contextmanager
def remembered(environment: dict[str, str], *, home: Path) -> Iterator[None]:
    """While the demo runs, `manage.py` commands find its servers in a private file."""
    path = home / ENVIRONMENT_FILE
    names = ("SECRET_KEY", "BROKER_URL", "LEDGER_SIGNING_KEY", "PUBLIC_URL", "EVIDENCE_STORE", "HITL_DEMO_LOGINS")
    kept = {
        name: value
        for name, value in environment.items()
        if name in names or (name.endswith("DATABASE_URL") and not name.startswith("SUPERUSER"))
    }
    write_private(path, text=json.dumps(kept, indent=1))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def stopped_at_the_end(supervisor: Supervisor) -> Iterator[None]:
    """However the block ends, every process is stopped; further Ctrl-C do not cut that short."""
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        supervisor.narrator.say("Stopping.")
        supervisor.stop()


def ask_to_stop(number: int, frame: FrameType | None) -> None:
    """Unwind everything, wherever it is."""
    raise StopAsked
