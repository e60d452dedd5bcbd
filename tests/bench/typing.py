"""How long a typed card takes: the save inside the script, and from the click to the message on the screen.

The second is measured with people who type at once, each in a Streamlit session of their own over its websocket,
as a browser speaks it but without one: fifty browsers would measure this machine and not the hub.
"""

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen
from uuid import UUID
from zoneinfo import ZoneInfo

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from dashboard.cookies import Cookies
from dashboard.desk.typed import Beside, Typist, Wording, save_typed
from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.config import load_settings
from ghl.db.engine import Database
from ghl.people.links import create_sign_in_link, redeem
from ghl.people.users import add_user
from ghl.redis import connect_redis
from ghl.statuses import Role
from jobs.wake import BackgroundWaker, Waker
from tests.bench.open_loop import Measured, database_server
from tests.support.servers import valkey_server

ROOT = Path(__file__).parents[2]
ZONE = ZoneInfo("America/Chicago")
PAUSE = (8.0, 16.0)
"""Seconds between two cards of one person; the quickest typists need more."""


def save_in_script(*, cards: int = 500) -> dict[str, float]:
    """Milliseconds of check, commit and wake, one card after the other."""
    with database_server() as url, valkey_server() as valkey:
        database, waker = Database(url, name="hub-web"), BackgroundWaker(Waker(connect_redis(valkey)))
        (person, *_), church_id = _people(database, 1)
        typist = Typist(church_id, person, f"user:{person}", ZONE)
        measured = Measured()
        for n in range(cards + 20):
            if n == 20:  # the first ones compile the statements
                cpu = time.process_time()
            began = time.perf_counter()
            save_typed(
                database,
                waker,
                typist,
                _card(n),
                form=f"bench{n}",
                wording=Wording(),
                beside=Beside("Yes, you may text me about my visit. Reply STOP to stop."),
                now=SystemClock().now(),
            )
            if n >= 20:
                measured.seconds.append(time.perf_counter() - began)
        cpu = time.process_time() - cpu
        waker.close()
        database.close()
    return measured.figures() | _beside(cpu, cards)


def click_to_message(*, sessions: int = 50, processes: int = 3, seconds: float = 60.0) -> dict[str, float]:
    """Milliseconds from the click on *Save & next* until "Saved: …" has reached the browser."""
    with database_server() as url, valkey_server() as valkey, ExitStack() as stack:
        database = Database(url)
        stack.callback(database.close)
        people, _ = _people(database, sessions)
        name = Cookies(load_settings(database_url=url)).session
        cookies = [f"{name}={_cookie(database, number)}" for number in range(len(people))]
        webs = [stack.enter_context(_web(url, valkey)) for _ in range(processes)]
        return asyncio.run(_type_together(webs, cookies, seconds))


def _people(database: Database, count: int) -> tuple[list[UUID], UUID]:
    church_id = add_church(database, slug="bench", name="Bench", timezone="America/Chicago", actor="bench")
    people = [
        add_user(
            database, f"p{n}@example.org", name=f"P{n}", church_id=church_id, role=Role.STAFF, actor="bench"
        )
        for n in range(count)
    ]
    return people, church_id


def _cookie(database: Database, number: int) -> str:
    link = create_sign_in_link(database, f"p{number}@example.org", clock=SystemClock(), actor="bench")
    return redeem(database, link, user_agent="bench", clock=SystemClock())


def _card(number: int) -> dict[str, object]:
    return {
        "first_name": "Anna",
        "last_name": f"Guest{number}",
        "phone": f"(615) 555-{number % 10_000:04d}",
        "email": f"guest{number}@example.org",
        "visit_date": "11/22/2026",
        "service": "Sunday 9:00 am",
        "interests": "Choir; Small group",
        "sms_consent": True,
    }


@contextmanager
def _web(url: str, valkey: str) -> Iterator["Web"]:
    """A web process as in production."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = os.environ | {"HUB_DATABASE_URL": url, "HUB_REDIS_URL": valkey, "HUB_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "dashboard", "--port", str(port)]
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=nowhere, stderr=nowhere)
    try:
        _answers(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield Web(f"127.0.0.1:{port}", psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            with urlopen(url, timeout=2):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


async def _type_together(webs: list["Web"], cookies: list[str], seconds: float) -> dict[str, float]:
    measured = Measured()
    tabs = [Tab(webs[n % len(webs)].host, cookie) for n, cookie in enumerate(cookies)]
    for tab in tabs:  # they open the page one after the other, as people come in
        await tab.open()
    cpu, until = _used(webs), time.perf_counter() + seconds
    await asyncio.gather(*(_type_on(tab, n, until, measured) for n, tab in enumerate(tabs)))
    for tab in tabs:
        await tab.close()
    return measured.figures() | _beside(_used(webs) - cpu, len(measured.seconds))


def _used(webs: list["Web"]) -> float:
    times = [web.process.cpu_times() for web in webs]
    return sum(one.user + one.system for one in times)


def _beside(cpu: float, cards: int) -> dict[str, float]:
    """What a card costs, its drafts and drawing included, and what else the machine had to do meanwhile."""
    return {
        "cpu_ms_a_card": round(cpu * 1000 / max(1, cards), 1),
        "others_load": round(os.getloadavg()[0], 1),
    }


async def _type_on(tab: "Tab", number: int, until: float, measured: Measured) -> None:
    dice = random.Random(f"typist {number}")
    card = number * 1000
    await asyncio.sleep(dice.uniform(0, PAUSE[1]))
    while time.perf_counter() < until:
        card += 1
        # Three of the fields are changed, each with its draft, before the click.
        for label, text in (
            ("First name", "Anna"),
            ("Last name", f"Guest{card}"),
            ("E-mail", f"g{card}@example.org"),
        ):
            await tab.change(label, text)
        began = time.perf_counter()
        seen = await tab.press("Save & next", until=lambda text: text.startswith("Saved: "))
        measured.seconds.append(seen - began)
        await asyncio.sleep(dice.uniform(*PAUSE))


@dataclass(frozen=True)
class Web:
    """A web process."""

    host: str
    process: psutil.Process


@dataclass
class Tab:
    """One Streamlit session: what is on the page by label, and what stands in the fields."""

    host: str
    cookie: str
    ids: dict[str, str] = field(default_factory=dict)
    fragments: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    socket: ClientConnection | None = None

    async def open(self) -> None:
        """Opens the page *Add a card* and waits until it is drawn."""
        self.socket = await connect(
            f"ws://{self.host}/_stcore/stream",
            additional_headers={"Cookie": self.cookie},
            origin=f"http://{self.host}",
            subprotocols=["streamlit"],
            max_size=None,
        )
        message = BackMsg()
        message.rerun_script.page_name = "add"
        await self._send(message)
        await self._read(_nothing)

    async def change(self, label: str, text: str) -> None:
        """Types into a field, and waits until the draft is kept and the page drawn again."""
        self.values[self.ids[label]] = text
        await self._send(self._rerun(label))
        await self._read(_nothing)

    async def press(self, label: str, *, until: Callable[[str], bool]) -> float:
        """Presses a button, and returns the moment at which the page said what it should."""
        await self._send(self._rerun(label, trigger=True))
        seen = await self._read(until)
        self.values.clear()
        assert seen, "the page never said so"
        return seen

    async def close(self) -> None:
        if self.socket:
            await self.socket.close()

    def _rerun(self, label: str, *, trigger: bool = False) -> BackMsg:
        message = BackMsg()
        rerun = message.rerun_script
        rerun.page_name = "add"
        rerun.fragment_id = self.fragments[label]
        for widget, value in self.values.items():
            state = rerun.widget_states.widgets.add()
            state.id, state.string_value = widget, value
        if trigger:
            state = rerun.widget_states.widgets.add()
            state.id, state.trigger_value = self.ids[label], True
        return message

    async def _send(self, message: BackMsg) -> None:
        assert self.socket
        await self.socket.send(message.SerializeToString())

    async def _read(self, awaited: Callable[[str], bool]) -> float | None:
        """Reads what the page becomes until the run is over; returns when the awaited text was there."""
        assert self.socket
        seen: float | None = None
        while True:
            raw = await asyncio.wait_for(self.socket.recv(), 120)
            assert isinstance(raw, bytes)
            message = ForwardMsg.FromString(raw)
            kind = message.WhichOneof("type")
            if kind == "script_finished":
                return seen
            if kind != "delta" or message.delta.WhichOneof("type") != "new_element":
                continue
            element = message.delta.new_element
            part = element.WhichOneof("type")
            if part in {"text_input", "button"}:
                widget = getattr(element, part)
                self.ids[widget.label] = widget.id
                self.fragments[widget.label] = message.delta.fragment_id
            elif part == "text" and seen is None and awaited(element.text.body):
                seen = time.perf_counter()


def _nothing(_: str) -> bool:
    return False
