"""Whether a START counts, by GoHighLevel's conversation and the log. Moments are seconds of one day."""

from datetime import UTC, datetime, timedelta

import pytest

from ghl.consent.keywords import Heard
from ghl.consent.standing import Entry
from ghl.consent.started import Word, since, started_at
from ghl.statuses import ConsentKind

DAY = datetime(2026, 11, 20, 10, tzinfo=UTC)


def at(seconds):
    return None if seconds is None else DAY + timedelta(seconds=seconds)


def words(text):
    """`stop 5, start 9`: what the person wrote; `?` for no known moment."""
    pairs = [one.split() for one in text.split(", ") if one]
    return [Word(Heard(heard), at(None if when == "?" else float(when))) for heard, when in pairs]


def log(text):
    """`keyword 6`: a stop in the log, by its source; `yes` and `no` are of a card."""
    kinds = {"yes": ConsentKind.YES, "no": ConsentKind.NO}
    return [
        Entry(number, kinds.get(what, ConsentKind.STOP), "typed" if what in kinds else what, "", at(float(when)), None)
        for number, (what, when) in enumerate(one.split() for one in text.split(", ") if one)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "known", "counts"),
    [
        ("stop 0, start 9", "keyword 3", 9),
        ("stop 0, start 9", "ghl 3", 9),
        ("start 9", "spoken 3", 9),
        ("start 9", "no 3", 9),
        ("start 9", "yes 20", 9),
        # Told late: the stop stands in the log later than the START was written.
        ("stop 0, start 2", "keyword 3", 2),
        ("stop 0, start 2", "ghl 3", 2),
        ("stop 0, start 2", "ghl 3, keyword 4", 2),
        ("stop 0, start 2", "keyword 119", 2),
        # Nothing shows that it was told late.
        ("start 2", "keyword 3", None),
        ("stop 0, start 2", "keyword 121", None),
        ("stop 0, start 2", "spoken 3", None),
        ("stop 0, start 2", "e-mail 3", None),
        ("stop 0, start 2", "no 3", None),
        ("stop 0, start 2", "keyword 3, spoken 4", None),
        # Two stops in the log, and one that GoHighLevel's list shows: the other one may be newer.
        ("stop 0, start 2", "keyword 1, keyword 3", None),
        ("stop 0, stop 1, start 2", "keyword 1, keyword 3", 2),
        ("stop 0, start 9", "keyword 1, keyword 3", 9),
        # The last word counts.
        ("stop 0, start 2, stop 4", "keyword 1", None),
        ("start 2, doubt 4", "spoken 1", None),
        ("doubt 1, start 4", "spoken 0", 4),
        ("stop 2, start 2", "keyword 1", None),
        ("start 4, stop ?", "spoken 1", None),
        ("start ?", "spoken 1", None),
        ("stop 0, start 2, stop 4, start 6", "keyword 1, keyword 5", 6),
        ("start 3", "spoken 3", None),
        ("", "spoken 1", None),
        ("stop 5", "keyword 6", None),
        # Where the log knows no stop it may be that of somebody who was erased.
        ("start 5", "", 5),
        ("start -110", "", -110),
        ("start -111", "", None),
    ],
)  # fmt: skip
def test_started_at(written, known, counts):
    assert started_at(words(written), log(known), hinted_at=at(10)) == at(counts)


def test_the_conversation_is_read_from_before_the_last_stop():
    assert since(log("spoken -7200, keyword -3600"), hinted_at=at(0)) == at(-3720)
    assert since(log("keyword 30"), hinted_at=at(0)) == at(-120)
    assert since([], hinted_at=at(0)) == at(-120)
