"""Writes what of docs/ is made from code: `python -m tests.docs.render`. A test fails when it lags."""

from pathlib import Path

from ghl.causes import CAUSES, WHO_ACTS

DOCS = Path(__file__).parents[2] / "docs"

HEAD = """\
# Causes

Why a card stands where it stands: the code that is stored and logged, what people read, and who can mend it. This page
is made from `ghl/causes.py` by `python -m tests.docs.render`.

| code | what people read | who | what to do | fields to mend | before a retry |
|---|---|---|---|---|---|
"""


BEFORE = {
    "nothing": "",
    "mend": "mend it",
    "answer": "say who is who",
    "choose": "choose: send it or set it aside",
}


def causes_page() -> str:
    """The page docs/causes.md."""
    rows = (
        f"| `{cause.code}` | **{cause.title}.** {_filled(cause.what_happened)}"
        f"{' All cards of the church wait.' if cause.holds_church else ''}"
        f" | {WHO_ACTS[cause.who].rstrip('.')}{' (it tries again by itself)' if cause.automatic else ''}"
        f" | {_filled(cause.what_to_do)} | {', '.join(f'`{name}`' for name in cause.fields)}"
        f" | {BEFORE[cause.first]} |\n"
        for cause in CAUSES.values()
    )
    return HEAD + "".join(rows)


def _filled(text: str) -> str:
    return text.format_map(_Names())


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"*{name}*"


if __name__ == "__main__":
    (DOCS / "causes.md").write_text(causes_page(), encoding="utf-8")
