"""Hours in which texts may leave, ten business days, and who is of age."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ghl.cards.addresses import read_addresses
from ghl.cards.fields import CardFields
from ghl.consent.business_days import due_on, is_business_day
from ghl.consent.quiet_hours import Window, next_allowed
from ghl.consent.reasons import Reason
from ghl.consent.recipient import Recipient, is_minor, recipients
from ghl.statuses import Channel

EAST, WEST = ZoneInfo("America/New_York"), ZoneInfo("America/Los_Angeles")
ZONES = st.sampled_from(
    [
        *("America/New_York", "America/Los_Angeles", "America/Phoenix", "Pacific/Honolulu", "Pacific/Guam"),
        *("Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"),
    ]
).map(ZoneInfo)
HOURS = st.builds(
    Window,
    st.integers(6, 12).map(time),
    st.integers(13, 23).map(time),
    st.none() | st.integers(8, 20).map(time),
)
FROM, UNTIL = datetime(2026, 1, 1), datetime(2028, 1, 1)  # noqa: DTZ001  (hypothesis adds the zone)
MOMENTS = st.datetimes(FROM, UNTIL, timezones=st.just(UTC))


class TestQuietHours:
    @given(MOMENTS, HOURS, ZONES)
    def test_it_leaves_within_the_hours_and_never_before_8_or_after_9(self, now, window, zone):
        at = next_allowed(now, window, [zone])
        local = at.astimezone(zone)
        start, end = window.on(local.date())
        assert now <= at <= now + timedelta(days=3)
        assert start <= local.time() < end
        assert time(8) <= local.time() < time(21)
        assert next_allowed(at, window, [zone]) == at

    @given(MOMENTS, HOURS, ZONES, ZONES)
    def test_the_narrower_of_two_places(self, now, window, church, person):
        at = next_allowed(now, window, [church, person])
        start, end = window.on(at.astimezone(person).date())
        assert start <= at.astimezone(person).time() < end, "the person's place always counts"
        theirs = at.astimezone(church)
        first, last = window.on(theirs.date())
        if not first <= theirs.time() < last:
            assert at == next_allowed(now, window, [person]), "only where their days have no hour in common"

    @given(MOMENTS, HOURS, ZONES, st.floats(0, 1))
    def test_no_earlier_moment_would_have_done(self, now, window, zone, part):
        at = next_allowed(now, window, [zone])
        before = now + (at - now) * part
        assume(before < at)
        local = before.astimezone(zone)
        start, end = window.on(local.date())
        assert not start <= local.time() < end

    @pytest.mark.parametrize(
        ("now", "zones", "at"),
        [
            ("2026-11-20 09:00", [EAST], "2026-11-20 09:00"),
            ("2026-11-20 09:00", [EAST, WEST], "2026-11-20 11:00"),
            ("2026-11-20 20:00", [EAST], "2026-11-21 08:00"),
            ("2026-11-21 21:00", [EAST], "2026-11-22 12:00"),  # Sunday
            ("2026-10-31 22:00", [EAST], "2026-11-01 12:00"),  # clocks go back that night
            ("2027-03-12 22:00", [EAST], "2027-03-13 08:00"),
            ("2027-03-14 01:30", [EAST], "2027-03-14 12:00"),  # clocks go forward
        ],
    )
    def test_by_example(self, now, zones, at):
        window = Window(sunday_from=time(12))
        moment = datetime.fromisoformat(now).replace(tzinfo=EAST)
        found = next_allowed(moment, window, zones)
        assert found.astimezone(EAST).replace(tzinfo=None) == datetime.fromisoformat(at)


class TestBusinessDays:
    @pytest.mark.parametrize(
        ("asked", "due"),
        [
            ("2026-11-20", "2026-12-07"),  # Thanksgiving is the 26th
            ("2026-12-18", "2027-01-05"),  # Christmas, New Year
            ("2026-06-18", "2026-07-06"),  # Juneteenth; July 4 is a Saturday, kept on the 3rd
            ("2027-06-17", "2027-07-02"),  # Juneteenth is a Saturday, kept on Friday the 18th
            ("2026-08-03", "2026-08-17"),
            ("2026-08-08", "2026-08-21"),
        ],
    )
    def test_ten_of_them(self, asked, due):
        assert due_on(date.fromisoformat(asked)) == date.fromisoformat(due)

    @pytest.mark.parametrize(
        "day",
        [
            *(
                "2026-01-01",
                "2026-01-19",
                "2026-02-16",
                "2026-05-25",
                "2026-06-19",
                "2026-07-03",
                "2026-09-07",
            ),
            *(
                "2026-10-12",
                "2026-11-11",
                "2026-11-26",
                "2026-12-25",
                "2021-12-31",
                "2027-12-24",
                "2023-01-02",
            ),
        ],
    )
    def test_federal_holidays(self, day):
        assert not is_business_day(date.fromisoformat(day))

    @given(st.dates(date(2020, 1, 1), date(2100, 1, 1)))
    def test_it_is_a_business_day_two_to_three_weeks_later(self, asked):
        due = due_on(asked)
        assert is_business_day(due)
        assert 12 <= (due - asked).days <= 20
        assert (
            sum(is_business_day(asked + timedelta(days=one)) for one in range(1, (due - asked).days + 1))
            == 10
        )


NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)
OWN = {"first_name": "Kim", "last_name": "Keller", "phone": "6155550101", "email": "kim@example.org"}
GUARDED = {"guardian_name": "Anna Keller", "guardian_phone": "(615) 555-0177"}


def who(**fields):
    card = CardFields(**OWN | fields)
    return recipients(card, read_addresses(card, "US"), now=NOW)


class TestRecipient:
    def test_who_is_of_age_is_written_to(self):
        person = "kim keller"
        expected = {
            Channel.SMS: Recipient("+16155550101", person),
            Channel.EMAIL: Recipient("kim@example.org", person),
        }
        assert who() == who(adult=True) == who(birthday=date(1990, 1, 1)) == expected

    @pytest.mark.parametrize("young", [{"adult": False}, {"birthday": date(2010, 1, 1)}])
    @pytest.mark.parametrize("said", [{}, GUARDED, GUARDED | {"guardian_consent": False}])
    def test_nobody_under_18_without_a_guardians_yes(self, young, said):
        assert set(who(**young, **said).values()) == {Reason.UNDER_AGE}

    @pytest.mark.parametrize("young", [{"adult": False}, {"birthday": date(2010, 1, 1), "adult": True}])
    def test_texts_go_to_the_guardian(self, young):
        found = who(**young, **GUARDED, guardian_consent=True)
        assert found[Channel.SMS] == Recipient(
            "+16155550177", "annakeller", child="kim keller", name="Anna Keller"
        )
        assert found[Channel.EMAIL] == Recipient("kim@example.org", "kim keller")

    def test_a_guardian_without_a_number_gets_none(self):
        assert who(adult=False, guardian_consent=True)[Channel.SMS] is Reason.GUARDIAN_UNKNOWN
        found = who(adult=False, guardian_consent=True, guardian_phone="12")
        assert found[Channel.SMS] is Reason.GUARDIAN_UNKNOWN

    def test_of_age_begins_when_the_birthday_has_begun_everywhere(self):
        card = CardFields(first_name="Kim", birthday=date(2008, 11, 20))
        assert is_minor(card, now=datetime(2026, 11, 20, 11, 59, tzinfo=UTC))
        assert not is_minor(card, now=datetime(2026, 11, 20, 12, tzinfo=UTC))

    @given(st.dates(date(1930, 1, 1), date(2026, 1, 1)), MOMENTS)
    def test_nobody_is_of_age_before_18_years(self, birthday, now):
        if not is_minor(CardFields(first_name="Kim", birthday=birthday), now=now):
            assert (now.date() - birthday).days >= 18 * 365
