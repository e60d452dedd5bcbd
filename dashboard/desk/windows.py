"""Which forms of *Add a card* are open in which window, so that none is offered in another while somebody types there.

Known in this web process alone. Where a person's windows are served by several, a card may be offered twice; each
window keeps its own draft all the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx


@dataclass(frozen=True)
class _Window:
    """A tab: its connection, and the sign-in it was opened with."""

    connection: str
    cookie: str = field(repr=False)


class OpenForms:
    """The open forms of all people of this process."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}
        self._lock = Lock()

    def open(self, form: str, *, cookie: str, instead_of: str = "") -> None:
        """Says that this window shows the form, and no longer the one before; forgets what closed ones showed."""
        window = _Window(_connection(), cookie)
        with self._lock:
            self._windows.pop(instead_of, None)
            self._windows = {name: one for name, one in self._windows.items() if _connected(one)}
            self._windows[form] = window

    def elsewhere(self, form: str, *, signed_in: Callable[[str], bool]) -> bool:
        """Whether another window shows this form now, to somebody who is still signed in there."""
        with self._lock:
            window = self._windows.get(form)
        if window is None or window.connection == _connection() or not _connected(window):
            return False
        return signed_in(window.cookie)


FORMS = OpenForms()


def _connection() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else ""


def _connected(window: _Window) -> bool:
    return runtime.exists() and runtime.get_instance().is_active_session(window.connection)
