"""The words of one template as an admin writes them: its fields, what can be put in, and what can be done with it."""

from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components.held import held, held_among, say_again
from dashboard.formatting import one_line, when
from dashboard.messages import words
from dashboard.messages.desk import FIELDS, Desk
from dashboard.messages.hands import Hands
from ghl.messages import render
from ghl.messages.lint import MAX_SUBJECT
from ghl.messages.standing import MessageStanding
from ghl.messages.templates import MAX_NAME
from ghl.statuses import Channel, Purpose
from jobs.container import Container

LIVE = "1s"
FALLBACKS = {"first_name": "friend", "service": "the service", "visit_date": "your visit"}
"""What is put in with a field, for cards that lack it."""


def draw_words(desk: Desk, hands: Hands) -> None:
    """The fields of the template."""
    say_again(desk.form, [desk.key(name) for name in desk.names])
    keep = partial(hands.keep, desk.form)
    if "subject" in desk.names:
        key = desk.key("subject")
        st.text_input(
            FIELDS["subject"],
            value=held(key),
            key=key,
            max_chars=MAX_SUBJECT,
            live=LIVE,
            on_change=keep,
            autocomplete="off",
        )
    key = desk.key("body")
    st.text_area(FIELDS["body"], value=held(key), key=key, height=190, on_change=keep)
    _draw_insert(desk, hands)
    with st.expander("Name, purpose, and when it goes", icon=":material/tune:"):
        _draw_rest(desk, keep)


def _draw_insert(desk: Desk, hands: Hands) -> None:
    with st.expander("Put in a field", icon=":material/data_object:"):
        st.text("A field stands in braces. Behind the line stands what is said where a card lacks it:")
        st.code("{first_name|friend}", language=None)
        with st.container(horizontal=True, gap="xsmall", key="insert"):
            for name, said in render.FIELDS.items():
                fallback = f"|{FALLBACKS[name]}" if name in FALLBACKS else ""
                token = f"{{{name}{fallback}}}"
                st.button(
                    said[0].upper() + said[1:],
                    key=f"insert_{name}",
                    icon=":material/add:",
                    on_click=hands.insert,
                    args=(desk.form, token),
                )
        st.text("It is put at the end of the words. You can type it anywhere.")
        if desk.opened.channel is Channel.EMAIL:
            st.text("A document is a link: write its whole address, which begins with https://.")


def _draw_rest(desk: Desk, keep: "partial[None]") -> None:
    key = desk.key("name")
    st.text_input(
        FIELDS["name"],
        value=held(key),
        key=key,
        max_chars=MAX_NAME,
        live=LIVE,
        on_change=keep,
        autocomplete="off",
    )
    purposes = [str(one) for one in Purpose]
    key = desk.key("purpose")
    st.selectbox(
        FIELDS["purpose"],
        purposes,
        index=held_among(key, purposes),
        format_func=lambda one: words.PURPOSES[Purpose(one)],
        key=key,
        on_change=keep,
    )
    key = desk.key("within")
    choices = [*words.WITHIN]
    if (now := str(st.session_state[key])) not in choices:
        choices.insert(0, now)
    st.selectbox(
        FIELDS["within"],
        choices,
        index=held_among(key, choices),
        format_func=words.within,
        key=key,
        on_change=keep,
    )
    st.text("After that it is not sent by itself. Somebody can still send it to one person.")
    key = desk.key("onboarding")
    st.toggle(FIELDS["onboarding"], value=bool(st.session_state[key]), key=key, on_change=keep)


def draw_presses(desk: Desk, hands: Hands) -> None:
    """What can be done with the template."""
    args = (desk.form,)
    with st.container(horizontal=True, gap="small", key="presses"):
        st.button(
            "Publish",
            type="primary",
            icon=":material/publish:",
            key="publish",
            on_click=hands.publish,
            args=args,
        )
        st.button("Save as a draft", icon=":material/save:", key="save_draft", on_click=hands.save, args=args)
        if desk.opened.published:
            st.button(
                "Stop sending it", icon=":material/block:", key="withdraw", on_click=hands.withdraw, args=args
            )
        elif desk.opened.key is None:
            st.button("Archive", icon=":material/archive:", key="archive", on_click=hands.archive, args=args)


def draw_back(desk: Desk, hands: Hands, *, hub: Container, zone: ZoneInfo) -> None:
    """What was typed on an earlier visit and is back, and the way to be rid of it."""
    if desk.typed_at is None:
        return
    with st.container(border=True, gap="xsmall", key="back"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            at = when(desk.typed_at, now=hub.clock.now(), zone=zone)
            st.text(f"What you typed at {at} and did not save is back.", width="content")
            st.button(
                "Start again from what is saved", key="message_anew", on_click=hands.anew, args=(desk.form,)
            )
        if desk.theirs:
            st.text(f"Somebody else changed meanwhile: {', '.join(FIELDS[name] for name in desk.theirs)}.")
            st.text("If you save, yours takes the place of theirs there.")


def draw_test(desk: Desk, hands: Hands, *, own_email: str) -> None:
    """A test to a phone or address of staff."""
    channel = desk.opened.channel
    text = channel is Channel.SMS
    key = f"test_to_{channel}"
    st.session_state.setdefault(key, "" if text else own_email)
    with st.container(border=True, gap="xsmall", key="testing"):
        st.text_input(
            "My phone number" if text else "My e-mail",
            value=held(key),
            key=key,
            placeholder="(615) 555-0123" if text else "pat@gracechurch.org",
            autocomplete="off",
            max_chars=254,
        )
        st.button(
            "Send a test to my phone" if text else "Send a test to my e-mail",
            icon=f":material/{words.CHANNELS[channel][1]}:",
            key="send_test",
            on_click=hands.test,
            args=(desk.form, key),
        )
        st.text(
            "It goes to this phone alone, in the church's hours for texts. A phone that said STOP gets none."
            if text
            else "It goes to this address alone. Somebody who said stop gets none."
        )


def draw_fared(desk: Desk, found: MessageStanding | None, *, hub: Container, zone: ZoneInfo) -> None:
    """What became of a test."""
    if found is not None:
        st.text(one_line(words.how_it_fared(found, now=hub.clock.now(), zone=zone), 600))
    elif desk.test_said:
        st.error(desk.test_said, icon=":material/error:")
