"""Lets the faults of a run happen at their times, and ends them all."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.chaos.faults import Fault
from tests.chaos.installation import Installation
from tests.chaos.ledger import Ledger, Night

SIMULATOR_FIELDS = (
    "location",
    "operation",
    "probability",
    "times",
    "duration",
    "seconds",
    "status",
    "effect",
    "headers",
)


class Breaker:
    """Runs a schedule of faults in a thread of its own; those that last run in threads beside it."""

    def __init__(self, installation: Installation, ledger: Ledger, faults: tuple[Fault, ...]) -> None:
        self._installation = installation
        self._ledger = ledger
        self._faults = faults
        self._stop = threading.Event()
        self._lasting: list[threading.Thread] = []
        self._errors: list[BaseException] = []
        self.happened: Counter[str] = Counter()

    def start(self) -> None:
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="faults")
        self._thread.start()

    def finish(self, *, clear: bool = True) -> None:
        """Waits for the last fault to begin, then ends whatever still lasts.

        Without `clear` those that are for a number of calls wait for them.
        """
        self._thread.join()
        self._stop.set()
        for thread in self._lasting:
            thread.join()
        if clear:
            self._installation.simulator("DELETE", "faults/")
        if self._errors:
            raise self._errors[0]

    def _run(self) -> None:
        for fault in self._faults:
            time.sleep(max(0.0, self._began + fault.at - time.monotonic()))
            try:
                self._happen(fault)
            except BaseException as error:  # noqa: BLE001 - told by `finish`
                self._errors.append(error)
                return
            self.happened[fault.kind] += 1

    def _happen(self, fault: Fault) -> None:
        if fault.on == "ghl":
            self._at_ghl(fault)
        else:
            self._at_home(fault)

    def _beside(self, work: Callable[[], Any]) -> None:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - told by `finish`
                self._errors.append(error)

        thread = threading.Thread(target=run, name="lasting fault")
        thread.start()
        self._lasting.append(thread)

    # Our own machines

    def _at_home(self, fault: Fault) -> None:
        hub, params = self._installation, fault.params
        kill, end = signal.SIGKILL, signal.SIGTERM
        seconds = params.get("seconds", 0.0)
        deeds: dict[str, Callable[[], Any]] = {
            "kill worker": lambda: hub.worker(params["worker"]).signal(kill),
            "kill all workers": lambda: [part.signal(kill) for part in hub.workers],
            "kill scheduler": lambda: hub.parts["scheduler"].signal(kill),
            "kill intake": lambda: hub.parts["intake"].signal(kill),
            "stop worker": lambda: hub.worker(params["worker"]).signal(end),
            "stop intake": lambda: hub.parts["intake"].signal(end),
            "freeze worker": lambda: self._freeze(hub.worker(params["worker"]), seconds),
            "freeze scheduler": lambda: self._freeze(hub.parts["scheduler"], seconds),
            "freeze intake": lambda: hub.parts["intake"].freeze(seconds),
            "freeze postgres": lambda: self._beside(lambda: self._freeze_postgres(seconds)),
            "pause church": lambda: self._beside(lambda: hub.pause(params["church"], seconds)),
            "night": lambda: self._beside(lambda: self._night(params["church"], seconds)),
            "second scheduler": hub.second_scheduler,
            "empty redis": lambda: self._forgetting(hub.empty_redis),
            "stop redis": lambda: self._beside(lambda: self._forgetting(lambda: hub.stop_redis(seconds))),
            "freeze redis": lambda: self._beside(lambda: hub.freeze_redis(seconds)),
            "restart postgres": lambda: self._beside(lambda: hub.stop_postgres("fast", seconds)),
            "crash postgres": lambda: self._beside(lambda: hub.stop_postgres("immediate", seconds)),
        }
        deeds[fault.kind]()

    def _freeze(self, part: Any, seconds: float) -> None:
        began = time.time()
        part.freeze(seconds)
        self._ledger.busy.append((began, began + seconds))

    def _freeze_postgres(self, seconds: float) -> None:
        began = time.time()
        self._installation.freeze_postgres(seconds)
        self._ledger.busy.append((began, time.time()))

    def _night(self, number: int, seconds: float) -> None:
        self._ledger.nights.append(Night(*self._installation.night(number, seconds)))

    def _forgetting(self, work: Callable[[], Any]) -> None:
        with self._ledger.forgetting():
            work()

    # GoHighLevel

    def _at_ghl(self, fault: Fault) -> None:
        params = fault.params
        match fault.kind:
            case "revoke token":
                self._beside(lambda: self._without_token(params["location"], params["duration"]))
            case "search lag":
                self._beside(lambda: self._lagging(params["duration"]))
            case _:
                fields = {name: params[name] for name in SIMULATOR_FIELDS if name in params}
                self._installation.simulator("POST", "faults", {"kind": fault.kind, **fields})
                if fault.kind == "token_refused":
                    now = time.time()
                    self._ledger.refused_tokens.append((params["location"], now, now + params["duration"]))

    def _without_token(self, location: str, seconds: float) -> None:
        token = {"token": self._installation.tokens[location]}
        began = time.time()
        self._installation.simulator("POST", "tokens/revoke", token)
        self._stop.wait(seconds)
        self._installation.simulator("POST", "tokens/restore", token)
        self._ledger.refused_tokens.append((location, began, time.time()))

    def _lagging(self, seconds: float) -> None:
        for lag in ((2.0, 10.0), (0.0, 0.0)):
            for church in self._installation.churches:
                self._installation.simulator("PATCH", f"locations/{church.location}", {"search_lag": lag})
            if lag[1]:
                self._stop.wait(seconds)
