"""One run: everything up, cards and faults at their times, faults over, quiet awaited, checks made."""

import json
import shutil
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.chaos import checks
from tests.chaos.breaking import Breaker
from tests.chaos.case import Case, Violation
from tests.chaos.evidence import Evidence, as_json, gather
from tests.chaos.faults import Fault, draw_faults
from tests.chaos.feeding import Feeder
from tests.chaos.installation import Installation
from tests.chaos.ledger import Ledger
from tests.chaos.nights import compare_all
from tests.chaos.people import ChurchPlan, Feed, Undo, churches, draw_feed
from tests.chaos.prying import Prying
from tests.chaos.staff import Staff, wait_for_quiet
from tests.chaos.watching import Watch

MESSAGES_KEPT = (
    *("messages", "message_attempts", "said", "seen", "doubts", "doubted", "decided"),
    *("opt_outs", "outbox", "inbound", "deliveries"),
)
ANSWERS_KEPT = ("started", "forged", "undone", "renumbered", "nights")


@dataclass(frozen=True)
class Plan:
    """A run before it begins; everything in it follows from the seed and the size."""

    seed: int
    seconds: float
    churches: tuple[ChurchPlan, ...]
    feed: Feed
    faults: tuple[Fault, ...]
    workers: int = 3
    quiet_within: float = 900.0
    brief: bool = False

    @classmethod
    def draw(cls, seed: int, *, minutes: float, scale: float = 1.0) -> "Plan":
        """`scale` is how much of everything: cards and faults a second."""
        seconds = minutes * 60
        places = churches(max(4, round(4 * scale)))
        feed = draw_feed(
            seed,
            seconds=seconds,
            a_second=2.0 * scale,
            churches=places,
            lists=max(1, round(minutes)),
            list_size=round(50 * scale),
        )
        faults = draw_faults(seed, seconds=seconds, a_second=0.25 * scale, churches=places)
        return cls(seed, seconds, places, feed, faults)

    @classmethod
    def short(cls, seed: int, *, seconds: float = 8.0) -> "Plan":
        """Each fault once and briefly: the run of the test suite."""
        places = churches(5)
        feed = draw_feed(seed, seconds=seconds, a_second=5.0, churches=places, lists=1, list_size=10)
        faults = draw_faults(seed, seconds=seconds, a_second=0, churches=places, short=True)
        # Quiet comes within a minute, unless somebody told of a START that GoHighLevel does not show: it is looked for
        # during ten.
        return cls(seed, seconds, places, feed, faults, workers=2, quiet_within=780.0, brief=True)


@dataclass
class Result:
    """What came of a run."""

    plan: Plan
    cards: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    quiet_seconds: float | None = None
    seconds: float = 0.0
    calls: int = 0
    retried: int = 0
    decided: int = 0
    excused: int = 0
    messages: int = 0
    stops: int = 0
    starts: int = 0
    opened: int = 0
    folder: Path | None = None

    def count(self, kind: str) -> int:
        """Violations of a kind."""
        return sum(one.kind == kind for one in self.violations)


def run(plan: Plan, *, evidence: Path | None = None) -> Result:
    """Runs it. Evidence is left in `evidence / seed` where a check fails."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"hub-chaos-{plan.seed}-"))
    # The database's own account has to get in.
    folder.chmod(0o711)
    installation = Installation(folder, plan.churches, workers=plan.workers, seed=plan.seed)
    ledger = Ledger()
    result = Result(plan)
    try:
        installation.start()
        not_ours = _put_there(installation, plan.feed)
        found = _through(plan, installation, ledger, result)
        found.calls = found.calls[not_ours:]
        key = installation.key_line.partition(":")[2]
        tokens = (
            *installation.tokens.values(),
            *installation.source_keys.values(),
            *installation.workflow_secrets.values(),
            key,
        )
        case = Case(plan.churches, plan.feed, ledger, found, tokens)
        result.violations = checks.check(case)
        result.excused = checks.excused_429(case)
        if result.quiet_seconds is None:
            result.violations.append(Violation("stuck", f"no quiet within {plan.quiet_within} s"))
        result.cards, result.calls = len(found.cards), len(found.calls)
        result.messages, result.stops = len(found.outbox), len(ledger.stops)
        result.starts = len(ledger.started)
        result.retried, result.decided = len(ledger.retries), len(ledger.decisions)
        if (result.violations or result.excused) and evidence is not None:
            result.folder = _leave(evidence / str(plan.seed), installation, case, result)
    except Exception as error:  # noqa: BLE001 - a run that breaks off is a failed run, and the next one begins
        told = "".join(traceback.format_exception(error))
        result.violations.append(Violation("stuck", f"the run broke off: {told}"))
    finally:
        installation.close()
        shutil.rmtree(folder, ignore_errors=True)
    result.seconds = time.monotonic() - began
    return result


def _through(plan: Plan, installation: Installation, ledger: Ledger, result: Result) -> Evidence:
    feeder = Feeder(installation, ledger, plan.feed, seed=plan.seed)
    breaker = Breaker(installation, ledger, plan.faults)
    taken_back = {step.of for visit in plan.feed.visits for _, step in visit.steps if isinstance(step, Undo)}
    staff = Staff(installation, ledger, singly=taken_back)
    prying = Prying(installation, plan.feed)
    prying.start()
    watch = Watch(installation)
    watch.start()
    feeder.start()
    breaker.start()
    staff.start()
    patience, over, metrics = 0.0, 0.0, ""
    try:
        breaker.finish(clear=not plan.brief)
        over = time.monotonic()
        installation.all_well()
        metrics = prying.finish()
        patience = 600.0
    finally:
        prying.stop()
        feeder.finish(within=patience)
        staff.finish()
    try:
        quiet = wait_for_quiet(installation, staff, within=plan.quiet_within)
        if quiet:
            result.quiet_seconds = time.monotonic() - over
            quiet = compare_all(installation, within=plan.quiet_within)
            # What the night found is brought to its end as well.
            quiet = quiet and wait_for_quiet(installation, staff, within=plan.quiet_within)
        if not quiet:
            result.quiet_seconds = None
    finally:
        watch.finish()
    result.faults = breaker.happened
    result.struck = Counter(installation.simulator("GET", "stats")["faults_fired"])
    result.opened = prying.opened
    return gather(installation, watch, metrics=metrics)


def _put_there(installation: Installation, feed: Feed) -> int:
    """People whom the church has in GoHighLevel already, with a tag of its own; how many calls that took."""
    for person in feed.already_there:
        location = person.church.location
        answer = httpx.post(
            f"{installation.simulator_url}/contacts/",
            headers={"Authorization": f"Bearer {installation.tokens[location]}", "Version": "2021-07-28"},
            json={
                "locationId": location,
                "firstName": person.first_name,
                "lastName": person.last_name,
                "email": person.emails[0],
                "phone": person.phones[0],
                "tags": ["member"],
            },
            trust_env=False,
        )
        answer.raise_for_status()
    return len(feed.already_there)


def _leave(folder: Path, installation: Installation, case: Case, result: Result) -> Path:
    """Everything that tells how it came to this."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, content: Any) -> None:
        (folder / name).write_text(json.dumps(content, indent=1, default=as_json))

    write("violations.json", [asdict(one) for one in result.violations])
    write("faults.json", [asdict(one) for one in result.plan.faults])
    concerned = {card for one in result.violations for card in one.cards}
    evidence = case.evidence
    write("cards.json", [card for card in evidence.cards if str(card["id"]) in concerned])
    write("attempts.json", evidence.attempts)
    for name in MESSAGES_KEPT:
        write(f"{name}.json", getattr(evidence, name))
    write("stops.json", [asdict(one) for one in case.ledger.stops])
    write("pressed.json", [asdict(one) for one in case.ledger.pressed])
    write("answers.json", {name: getattr(case.ledger, name) for name in ANSWERS_KEPT})
    write("revisions.json", [one for one in evidence.revisions if str(one["card_id"]) in concerned])
    write("contacts.json", evidence.contacts)
    write("audit.json", evidence.audit)
    write("ledger.json", dict(case.ledger.cards))
    write(
        "times.json",
        {
            "stalls": evidence.stalls,
            "forgotten": case.ledger.forgotten,
            "busy": case.ledger.busy,
            "refused": case.ledger.refused_tokens,
        },
    )
    shutil.copy(installation.visits, folder / "simulator.jsonl")
    shutil.copytree(installation.logs, folder / "logs", dirs_exist_ok=True)
    return folder
