"""Who tempts the hub to tell: pages that are opened and searched all through a run, and doors that are asked wrongly.

What they type, ask and send is of people, tokens and prayer requests of the run; the check *nothing tells of people*
looks for all of it in logs, Redis, error texts, the change log, metrics and a dump.
"""

import itertools
import json
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from dashboard.cookies import Cookies
from dashboard.navigation import PAGES
from ghl.clock import SystemClock
from ghl.people.links import create_sign_in_link, redeem
from ghl.people.users import add_user
from ghl.statuses import Role
from tests.chaos.installation import Installation
from tests.chaos.people import PRAYER, Feed
from tests.support.hub import wait_for

PAUSE = 0.3
PATIENCE = 30.0


class Prying:
    """`start` opens pages until `finish`, which then asks the intake wrongly once and looks at every page once more."""

    def __init__(self, installation: Installation, feed: Feed) -> None:
        self._installation = installation
        person = next(one for one in feed.people if one.phones and one.emails)
        self._words = (person.name, person.phones[0], person.emails[0])
        self._token = installation.tokens[person.church.location]
        self._church = person.church.slug
        self._stop = threading.Event()
        self.opened = 0
        self.seen: dict[str, str] = {}
        """What each page showed when it was last opened."""

    def start(self) -> None:
        hub, church_id = self._installation.hub, self._installation.ids[self._church]
        email = self._words[2]
        add_user(
            hub.database,
            email,
            name=self._words[0],
            church_id=church_id,
            role=Role.ADMIN,
            reads_prayers=True,
            ops=True,
            actor="chaos",
        )
        link = create_sign_in_link(hub.database, email, clock=SystemClock(), actor="chaos")
        secret = redeem(hub.database, link, user_agent="chaos", clock=SystemClock())
        self._cookie = f"{Cookies(hub.settings).session}={secret}"
        self._thread = threading.Thread(target=self._run, name="prying")
        self._thread.start()

    def finish(self) -> str:
        """What `/metrics` said, if it is there."""
        self.stop()
        for page in PAGES:
            wait_for(lambda page=page: self._look(page.file), within=120, what=f"the page {page.file} opens")
        # Nothing would be found if nothing was shown.
        assert PRAYER in self.seen["prayers"], self.seen["prayers"]
        self._ask_the_web()
        key = self._installation.source_keys[self._church]
        return ask_wrongly(self._installation.intake_url, key=key, token=self._token, words=self._words)

    def stop(self) -> None:
        """Opens no page any more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for page in itertools.cycle(PAGES):
            if self._stop.wait(PAUSE):
                return
            # While a server is away the page says so, or nobody answers: the next one is tried.
            self._look(page.file)

    def _look(self, page: str) -> bool:
        with suppress(OSError, TimeoutError, WebSocketException):
            tab = Tab(f"127.0.0.1:{self._installation.web_port}", self._cookie, page)
            try:
                tab.open("number=1" if page == "card" else "")
                for words in self._words:
                    tab.type(words)
                tab.open(
                    f"number={self._words[1]}&cause={self._words[2]}&import={self._token}&source={PRAYER}"
                )
            finally:
                tab.close()
            self.opened += 1
            self.seen[page] = "\n".join(tab.seen)
            return True
        return False

    def _ask_the_web(self) -> None:
        url = f"http://127.0.0.1:{self._installation.web_port}"
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as web:
            for said in (self._token, *self._words):
                web.get("/sign-in", params={"t": said})
                web.post("/sign-in", data={"t": said})
                web.get(f"/{said}")


def ask_wrongly(url: str, *, key: str, token: str, words: tuple[str, str, str]) -> str:
    """Asks the intake wrongly in every way, with somebody's name, phone and e-mail; what `/metrics` says."""
    name, phone, email = words
    good = {"Authorization": f"Bearer {key}"}
    card = {"first_name": name, "phone": phone, "email": email, "prayer_request": PRAYER}
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as intake:
        api = "/api/v1/cards"
        wrong = [
            intake.post(api, headers=good, content=json.dumps(card)[:-1]),
            intake.post(api, headers={**good, "Content-Type": "text/plain"}, content=json.dumps(card)),
            intake.post(api, headers={"Authorization": f"Bearer {token}"}, json=card),
            intake.post(api, headers={"Authorization": f"Basic {key}"}, json=card),
            intake.post(api, headers=good, json=[card]),
            intake.post(api, headers=good, json={**card, "first_name": {"name": name}, "phone": [phone]}),
            intake.post(api, headers=good, json={**card, "visit_date": PRAYER, "adult": email}),
            intake.post(api, headers={**good, "Idempotency-Key": f"{email} {phone}"}, json=card),
            intake.post(api, headers=good, json={**card, "notes": f"{PRAYER} " * 20_000}),
            intake.delete(f"{api}/{phone}", headers=good),
            *(intake.get(f"{api}/{said}", headers=good) for said in (phone, email, token)),
            *(intake.get(f"/c/{said}", params={"phone": phone}) for said in (email, token)),
            *(intake.post(f"/c/{said}", data=card) for said in (email, token)),
            intake.post("/webhooks/ghl", headers={"X-GHL-Signature": token}, json=card),
        ]
        assert [answer.status_code for answer in wrong if answer.status_code < 400] == []
        told = "\n".join(answer.text for answer in wrong)
        # What somebody sent themselves may come back to them in the answer, a key or token never.
        assert token not in told
        assert key not in told
        return intake.get("/metrics").text


@dataclass
class Tab:
    """One tab of a browser, as far as Streamlit's server sees it."""

    host: str
    cookie: str
    page: str
    fields: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    socket: ClientConnection | None = None
    stack: ExitStack = field(default_factory=ExitStack)

    def open(self, query: str) -> None:
        """Opens the page, with this in its address, and reads it to its end."""
        if self.socket is None:
            there = connect(
                f"ws://{self.host}/_stcore/stream",
                additional_headers={"Cookie": self.cookie},
                origin=f"http://{self.host}",
                subprotocols=["streamlit"],
                max_size=None,
                open_timeout=PATIENCE,
                close_timeout=1,
                proxy=None,
            )
            self.socket = self.stack.enter_context(there)
        message = BackMsg()
        message.rerun_script.page_name = "" if self.page == "home" else self.page
        message.rerun_script.query_string = query
        self._send(message)

    def type(self, words: str) -> None:
        """Types the words into every field on the page."""
        message = BackMsg()
        message.rerun_script.page_name = "" if self.page == "home" else self.page
        for widget in self.fields.values():
            state = message.rerun_script.widget_states.widgets.add()
            state.id, state.string_value = widget, words
        self._send(message)

    def close(self) -> None:
        self.stack.close()

    def _send(self, message: BackMsg) -> None:
        assert self.socket
        self.socket.send(message.SerializeToString())
        give_up_at = time.monotonic() + PATIENCE
        while True:
            raw = self.socket.recv(timeout=max(0.1, give_up_at - time.monotonic()))
            assert isinstance(raw, bytes)
            said = ForwardMsg.FromString(raw)
            kind = said.WhichOneof("type")
            if kind == "script_finished":
                return
            if kind == "delta" and said.delta.WhichOneof("type") == "new_element":
                element = said.delta.new_element
                if element.WhichOneof("type") == "text":
                    self.seen.append(element.text.body)
                elif element.WhichOneof("type") == "text_input":
                    self.fields[element.text_input.label] = element.text_input.id
