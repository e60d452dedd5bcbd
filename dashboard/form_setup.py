"""*Card form*: what an admin decides about the public form, its link and code, and the words of its boxes.

What stands in the fields is compared with what was there when the page was opened, and only that is changed: of two
admins who work on different fields neither undoes the other. What is typed is kept as a draft until it is saved.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.components import states
from dashboard.components.held import held, say_again
from dashboard.formatting import one_line, when
from dashboard.gate import Viewer
from dashboard.navigation import ADMINS
from dashboard.reading import Trouble, guarded
from ghl.cards import drafts
from ghl.cards.drafts import Draft
from ghl.churches import view_church
from ghl.config import LOOPBACK
from ghl.forms import FormChange, FormError, FormSettings, Wording, change_form, form_of, wording_history
from ghl.forms.address import form_address, qr_png, qr_svg_file
from ghl.forms.lint import MAX_ADDRESS, MAX_WORDING, Lack
from ghl.forms.settings import ADDRESSES, LISTS, MAX_NAME, MAX_WELCOME, WORDS
from ghl.people.names import name_of
from ghl.statuses import Channel
from jobs.container import Container

BOX = {Channel.SMS: "Texts", Channel.EMAIL: "E-mail"}
LABELS = {
    "services": "Services, one a line",
    "campuses": "Campuses, one a line",
    "interests": "Interests, one a line",
}
CODE_WIDTH = 230
NAMES = ("is_open", "legal_name", *ADDRESSES, "welcome", *LISTS, *WORDS.values())
FIELDS = {
    "is_open": "The form is open",
    "legal_name": "Legal name",
    "privacy_url": "Address of your privacy policy",
    "terms_url": "Address of your terms",
    "welcome": "Words of welcome",
    "services": "Services",
    "campuses": "Campuses",
    "interests": "Interests",
    **{words: f"{BOX[channel]}: words" for channel, words in WORDS.items()},
}
"""What each field is called where somebody else changed it meanwhile."""
DRAFT = "form"
"""Where an admin's half-typed page is kept."""
LIVE = "1s"
NOT_ALLOWED = (
    "This isn't saved: your sign-in has ended, your role has changed, or the database does not answer. "
    "Everything you typed is kept, and comes back when you open this page again."
)


@dataclass(frozen=True)
class Opened:
    """The form as the page was opened with it."""

    public_id: str
    settings: FormSettings
    history: Mapping[Channel, Sequence[Wording]]
    draft: Draft | None = None

    def words(self, channel: Channel) -> str:
        """The words of a box now; the default ones where nobody has seen any so far."""
        known = self.history[channel]
        return known[0].text if known else self.settings.default_words(channel)

    def stored(self, name: str) -> str | bool:
        """A field as it stands on the page: lists with an entry a line."""
        for channel, words in WORDS.items():
            if name == words:
                return self.words(channel)
        value = getattr(self.settings, name)
        return "\n".join(value) if isinstance(value, tuple) else value


@dataclass
class Desk:
    """One admin's page in one tab. `form` names its fields, so that a saved page gets new ones.

    `lacks` is what the words lacked when somebody last pressed a button: were it looked at after each field, sentences
    would come and go above the button just as it is pressed. `theirs` are fields of the draft that somebody else
    changed meanwhile. `anew`: a press changed what stands elsewhere on the page.
    """

    opened: Opened
    form: str = field(default_factory=lambda: f"form_{uuid4().hex[:8]}")
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)
    said: str = ""
    trouble: str = ""
    complaint: str = ""
    typed_at: datetime | None = None
    theirs: Sequence[str] = ()
    lacks: Mapping[Channel, Sequence[Lack]] = field(default_factory=dict)
    anew: bool = False


class FormPage:
    """The page for one admin of one church."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._church_id = viewer.church.church_id
        self._place = f"form_setup_{viewer.person.user_id}_{self._church_id}"

    def draw(self) -> None:
        """Draws the page."""
        desk: Desk | None = st.session_state.get(self._place)
        # Fields that were not drawn for a while lose what they hold: the page is then opened anew.
        if desk is None or f"{desk.form}_legal_name" not in st.session_state:
            opened = guarded(self._read)
            if isinstance(opened, Trouble):
                return states.could_not_load("the card form", opened.number)
            said = st.session_state.pop(f"{self._place}_said", "")
            desk = st.session_state[self._place] = _begin(opened, said)
        desk.anew = False
        _draw_said(desk)
        _draw_address(self._hub.settings.form_url, desk.opened)
        st.fragment(self._draw_typed)()
        return self._draw_history(desk.opened)

    def _draw_typed(self) -> None:
        """All that can be typed: a change of a field runs this part alone."""
        desk: Desk | None = st.session_state.get(self._place)
        if desk is None or desk.anew or f"{desk.form}_legal_name" not in st.session_state:
            st.rerun()
        if isinstance(gate.still(self._viewer, *ADMINS, by_person=True), Trouble):
            st.text("The database does not answer just now. What you typed stays here.")
        say_again(desk.form, [f"{desk.form}_{name}" for name in NAMES])
        self._draw_back(desk)
        keep = partial(self._keep, desk.form)
        _draw_fields(desk, keep)
        for channel in Channel:
            self._draw_words(desk, channel, keep)
        with st.container(horizontal=True):
            st.button(
                "Save",
                type="primary",
                icon=":material/save:",
                key="save_form",
                on_click=self._save,
                args=(desk.form,),
            )
            st.button(
                "Check the words",
                icon=":material/spellcheck:",
                key="check_words",
                on_click=self._check,
                args=(desk.form,),
            )

    def _draw_back(self, desk: Desk) -> None:
        """What was typed on an earlier visit and is back, and the way to be rid of it."""
        if desk.typed_at is None:
            return
        zone, now = ZoneInfo(self._viewer.church.timezone), self._hub.clock.now()
        with st.container(border=True, gap="xsmall", key="back"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                at = when(desk.typed_at, now=now, zone=zone)
                st.text(f"What you typed at {at} and did not save is back.", width="content")
                st.button("Start again from what is saved", key="form_anew", on_click=self._anew)
            if desk.theirs:
                st.text(
                    f"Somebody else changed meanwhile: {', '.join(FIELDS[name] for name in desk.theirs)}."
                )
                st.text("If you save, yours takes the place of theirs there.")

    def _read(self) -> Opened:
        with self._hub.database.church(self._church_id) as session:
            return Opened(
                view_church(session, self._church_id).public_id,
                form_of(session, self._church_id),
                {channel: wording_history(session, self._church_id, channel) for channel in Channel},
                drafts.load(session, self._church_id, self._viewer.person.user_id, DRAFT),
            )

    def _draw_words(self, desk: Desk, channel: Channel, keep: Callable[[], None]) -> None:
        name = WORDS[channel]
        st.header(f"{BOX[channel]}: the words beside the box")
        st.text_area(
            f"{BOX[channel]}: words",
            value=held(_key(desk, name)),
            key=_key(desk, name),
            max_chars=MAX_WORDING,
            height="content",
            label_visibility="collapsed",
            on_change=keep,
        )
        lacks = desk.lacks.get(channel, ())
        for lack in lacks:
            code = f" HighLevel's code for it: {lack.code}." if lack.code else ""
            st.text(f"{'✗' if lack.must else 'Better:'} {lack.text}{code}")
        if not lacks and channel in desk.lacks:
            st.text("✓ These words say everything they have to.")
        st.button(
            "Put the usual words here",
            key=f"usual_{channel}",
            on_click=self._put_usual,
            args=(desk.form, channel),
        )

    def _draw_history(self, opened: Opened) -> None:
        st.header("Every wording that was shown")
        names = guarded(lambda: services.names(self._church_id))
        zone, now = ZoneInfo(self._viewer.church.timezone), self._hub.clock.now()
        known = [words for channel in Channel for words in opened.history[channel]]
        if not known:
            st.text("None so far. The first are kept when somebody opens the form.")
        for words in known:
            who = "" if isinstance(names, Trouble) else f" by {name_of(words.created_by, names)}"
            with st.container(border=True, gap="xxsmall"):
                made = when(words.created_at, now=now, zone=zone)
                st.text(one_line(f"{BOX[words.channel]}, version {words.version}: {made}{who}", 200))
                st.text(words.text)
        st.text("None of them is ever changed: they are the proof of what people agreed to.")

    def _put_usual(self, form: str, channel: Channel) -> None:
        desk = self._acting(form)
        if desk:
            st.session_state[f"{form}_{WORDS[channel]}"] = _typed(desk).default_words(channel)
            desk.lacks = {**desk.lacks, channel: _lacks(desk, channel)}
            self._keep(form)

    def _check(self, form: str) -> None:
        """Looks what the words lack."""
        gate.used()
        desk: Desk | None = st.session_state.get(self._place)
        if desk and desk.form == form:
            desk.lacks = {channel: _lacks(desk, channel) for channel in Channel}

    def _keep(self, form: str) -> None:
        """Keeps what is typed so far; where that fails, the next change tries again."""
        desk: Desk | None = st.session_state.get(self._place)
        if desk is None or desk.form != form or not gate.acting(self._viewer, *ADMINS):
            return
        typed = {
            name: [desk.opened.stored(name), st.session_state[f"{form}_{name}"]] for name in _different(desk)
        }
        guarded(lambda: self._keep_draft(typed))

    def _keep_draft(self, typed: Mapping[str, object]) -> None:
        user_id = self._viewer.person.user_id
        with self._hub.database.church(self._church_id) as session:
            if typed:
                drafts.keep(session, self._church_id, user_id, DRAFT, typed, now=self._hub.clock.now())
            else:
                drafts.remove(session, self._church_id, user_id, DRAFT)

    def _anew(self) -> None:
        """What is saved instead of what was typed."""
        desk: Desk | None = st.session_state.get(self._place)
        if desk and gate.acting(self._viewer, *ADMINS):
            guarded(lambda: self._keep_draft({}))
            _forget(desk.form)

    def _save(self, form: str) -> None:
        """Saves what is different. A second press finds a page with new fields, and nothing to do."""
        desk: Desk | None = st.session_state.get(self._place)
        if desk is None or desk.form != form or f"{form}_legal_name" not in st.session_state:
            return
        desk.problems, desk.said, desk.trouble, desk.complaint, desk.anew = {}, "", "", "", True
        desk.lacks = {channel: _lacks(desk, channel) for channel in Channel}
        if not gate.acting(self._viewer, *ADMINS):
            desk.complaint = NOT_ALLOWED
            return
        try:
            changed = guarded(lambda: self._change(desk))
        except FormError as error:
            desk.problems = error.problems
            return
        if isinstance(changed, Trouble):
            desk.trouble = changed.number
            return
        _forget(form)
        said = "Saved. Guests see it within a few seconds." if changed else "Nothing was different."
        st.session_state[f"{self._place}_said"] = said

    def _change(self, desk: Desk) -> tuple[str, ...]:
        with self._hub.database.church(self._church_id) as session:
            changed = change_form(
                session,
                self._church_id,
                _change(desk),
                actor=self._viewer.person.actor,
                now=self._hub.clock.now(),
            )
            drafts.remove(session, self._church_id, self._viewer.person.user_id, DRAFT)
            return changed

    def _acting(self, form: str) -> Desk | None:
        desk: Desk | None = st.session_state.get(self._place)
        if desk is None or desk.form != form or f"{form}_legal_name" not in st.session_state:
            return None
        return None if isinstance(gate.acting(self._viewer, *ADMINS), gate.Refused) else desk


def _draw_said(desk: Desk) -> None:
    if desk.trouble:
        st.error(
            "This isn't saved yet, and everything you typed is still here. "
            f"Try again; if it stays, tell support the number {desk.trouble}."
        )
    elif desk.complaint:
        st.error(desk.complaint, icon=":material/error:")
    elif desk.problems:
        st.error("This isn't saved yet: see what is marked below.", icon=":material/error:")
    elif desk.said:
        st.success(desk.said, icon=":material/check:")


def _draw_address(form_url: str, opened: Opened) -> None:
    st.header("Link and code")
    if not form_url:
        st.text("The address is not known here. Whoever runs the hub sets HUB_FORM_URL.")
        return
    address = form_address(form_url, opened.public_id)
    if urlsplit(form_url).hostname in LOOPBACK:
        st.warning(
            "Phones can't reach this address: it is this machine's own. Whoever runs the hub sets HUB_FORM_URL.",
            icon=":material/phonelink_off:",
        )
    elif not form_url.startswith("https://"):
        st.warning(
            "What guests write can be read on its way. Whoever runs the hub gives the form an https:// address.",
            icon=":material/lock_open:",
        )
    with st.container(horizontal=True, gap="medium"):
        st.image(qr_png(address), width=CODE_WIDTH, alt="Code that leads to the card form")
        with st.container(width="stretch"):
            st.text("Guests point their camera at the code, or open this link:")
            st.code(address, language=None, wrap_lines=True)
            with st.container(horizontal=True):
                st.link_button("Print the sheet", f"{address}/print", icon=":material/print:", type="primary")
                st.link_button("Open the form", address, icon=":material/open_in_new:")
                st.download_button(
                    "Code as SVG",
                    qr_svg_file(address),
                    "card-form.svg",
                    "image/svg+xml",
                    key="svg",
                    on_click="ignore",
                    icon=":material/download:",
                )
                st.download_button(
                    "Code as PNG",
                    qr_png(address, scale=40),
                    "card-form.png",
                    "image/png",
                    key="png",
                    on_click="ignore",
                    icon=":material/download:",
                )
            st.text(
                "Keep the form open while HighLevel looks at your registration for texts: it opens this link."
            )


def _draw_fields(desk: Desk, keep: Callable[[], None]) -> None:
    st.header("What stands on it")
    is_open = _key(desk, "is_open")
    st.toggle("The form is open", value=bool(st.session_state[is_open]), key=is_open, on_change=keep)
    st.text_input(
        "Legal name of the church, as registered for texts",
        value=held(_key(desk, "legal_name")),
        key=_key(desk, "legal_name"),
        max_chars=MAX_NAME,
        placeholder=desk.opened.settings.church_name,
        live=LIVE,
        on_change=keep,
    )
    _tell(desk, "legal_name")
    for name, page in zip(ADDRESSES, ("privacy policy", "terms"), strict=True):
        label = f"Address of your {page}"
        st.text_input(
            label,
            value=held(_key(desk, name)),
            key=_key(desk, name),
            max_chars=MAX_ADDRESS,
            placeholder="https://",
            live=LIVE,
            on_change=keep,
        )
        _tell(desk, name)
    st.text_area(
        "Words of welcome",
        value=held(_key(desk, "welcome")),
        key=_key(desk, "welcome"),
        max_chars=MAX_WELCOME,
        height=100,
        on_change=keep,
    )
    _tell(desk, "welcome")
    for name in LISTS:
        key = _key(desk, name)
        st.text_area(LABELS[name], value=held(key), key=key, height=120, on_change=keep)
        _tell(desk, name)
    st.text("A list without lines is left out of the form.")


def _key(desk: Desk, name: str) -> str:
    """The key of a field, which holds what was stored when it is first drawn."""
    key = f"{desk.form}_{name}"
    st.session_state.setdefault(key, desk.opened.stored(name))
    return key


def _tell(desk: Desk, name: str) -> None:
    for said in desk.problems.get(name, ()):
        st.text(f"✗ {said}")


def _written(desk: Desk, name: str) -> str | bool | tuple[str, ...]:
    value: str | bool = st.session_state[f"{desk.form}_{name}"]
    return tuple(value.splitlines()) if name in LISTS and isinstance(value, str) else value


def _typed(desk: Desk) -> FormSettings:
    """The form as the fields have it now, as far as the words depend on it."""
    given: dict[str, Any] = {
        name: " ".join(str(_written(desk, name)).split())
        for name in ("legal_name", "privacy_url", "terms_url")
    }
    return replace(desk.opened.settings, **given)


def _different(desk: Desk) -> list[str]:
    """The fields that say something else than when the page was opened."""
    return [
        name
        for name in NAMES
        if st.session_state.get(f"{desk.form}_{name}", desk.opened.stored(name)) != desk.opened.stored(name)
    ]


def _change(desk: Desk) -> FormChange:
    """What is different from when the page was opened."""
    change: dict[str, Any] = {name: _written(desk, name) for name in _different(desk)}
    return FormChange(**change)


def _lacks(desk: Desk, channel: Channel) -> Sequence[Lack]:
    """What the words of a box lack as they stand in the field now."""
    return _typed(desk).lacks(channel, str(st.session_state[f"{desk.form}_{WORDS[channel]}"]))


def _begin(opened: Opened, said: str) -> Desk:
    """A page with fields of its own, and in them what was typed earlier and not saved."""
    desk = Desk(opened, said=said)
    for name in NAMES:
        st.session_state[f"{desk.form}_{name}"] = opened.stored(name)
    pairs = opened.draft.values.items() if opened.draft else ()
    back = {name: pair for name, pair in pairs if name in NAMES and isinstance(pair, list) and len(pair) == 2}
    for name, (_, typed) in back.items():
        st.session_state[f"{desk.form}_{name}"] = typed
    if opened.draft and _different(desk):
        desk.typed_at = opened.draft.changed_at
        desk.theirs = [name for name, (was, typed) in back.items() if opened.stored(name) not in (was, typed)]
    desk.lacks = {channel: _lacks(desk, channel) for channel in Channel}
    return desk


def _forget(form: str) -> None:
    """Takes the fields of this page out of the session's memory: it is opened anew."""
    for name in [name for name in st.session_state if str(name).startswith(f"{form}_")]:
        del st.session_state[name]
