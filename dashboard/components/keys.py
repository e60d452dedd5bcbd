"""What the script `assets/keys.js` is told by a page: where the caret goes, and what a field offers while typing.

Without the script everything still works by mouse and by Tab. Nothing here runs text: it hands over names.
"""

import html
from collections.abc import Sequence

import streamlit as st

from dashboard.formatting import one_line
from dashboard.scripts import KEYS_PATH

MOST_OFFERED = 50


def load() -> None:
    """Loads the script, once a page."""
    st.html(f'<script src="{KEYS_PATH}"></script>', unsafe_allow_javascript=True)


def focus(target: str, *, once: str) -> None:
    """Puts the caret into the field keyed `target`; one value of `once` does it once. Both are names of ours."""
    st.html(f'<span hidden data-hub-focus="st-key-{target}" data-hub-once="{once}"></span>')


def offer(target: str, words: Sequence[str]) -> None:
    """Offers these words in the field keyed `target` while somebody types there."""
    options = "".join(
        f'<option value="{html.escape(one_line(word, 100), quote=True)}"></option>'
        for word in words[:MOST_OFFERED]
    )
    if options:
        st.html(f'<datalist id="offered-{target}" data-hub-offer="st-key-{target}">{options}</datalist>')
