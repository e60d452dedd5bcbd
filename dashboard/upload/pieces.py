"""What the steps of *Import a list* are drawn with: fields that remember, and the row of buttons below."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import streamlit as st

from dashboard.upload.desk import Desk


def field(
    desk: Desk, name: str, value: Any, draw: Callable[..., Any], offered: Sequence[Any] | None = None
) -> Any:
    """A field that says `value` when it is drawn anew, and what stands in it now; `offered`: it chooses one of these.

    What it holds goes to the browser with each run, as in `dashboard.components.held`.
    """
    key = f"{desk.form}_{name}"
    if key not in st.session_state:
        st.session_state[key] = value
    said = st.session_state[key]
    if offered is None:
        return draw(key=key, value=said)
    return draw(key=key, index=offered.index(said) if said in offered else None)


def choice(
    desk: Desk,
    name: str,
    value: Any,
    label: str,
    offered: Mapping[Any, str],
    *,
    draw: Callable[..., Any] = st.selectbox,
    **how: Any,
) -> Any:
    """A field to choose one of the keys of `offered`, which are shown by their words."""
    pick = partial(draw, label, list(offered), format_func=lambda one: offered.get(one, ""), **how)
    return field(desk, name, value, pick, list(offered))


@contextmanager
def buttons() -> Iterator[None]:
    """The row of buttons at the end of a step."""
    with st.container(horizontal=True, vertical_alignment="center", key="steps"):
        yield


def another_button(desk: Desk, label: str, restart: Callable[[str], None]) -> None:
    """Draws the way to another list."""
    st.button(
        label,
        icon=":material/upload_file:",
        key=f"{desk.form}_another",
        on_click=restart,
        args=(desk.form,),
    )
