"""The cards API by another name, and with wrong keys over and over, counted for all intakes together."""

from functools import partial

from ghl.config import Settings
from ghl.guard.door import Door
from ghl.guard.guesses import Guesses, Limit
from ghl.guard.hosts import hosts_of
from ghl.guard.trail import noted_in
from jobs.doors import intake_hosts
from tests.intake.conftest import make_sender, running

CARD = {"first_name": "Anna", "last_name": "Keller", "phone": "+16155550123"}


def shared_door(database, client, clock, threads):
    guesses = Guesses(client, clock=clock, what="key", pepper=b"p", limit=Limit(slow_after=3, refuse_after=6))
    return Door(guesses, noted_in(database, actor="cards API"), offload=threads.run, slow_seconds=0)


class Still:
    def monotonic(self):
        return 1000.0


def test_wrong_keys_at_two_intakes_count_together_and_a_right_one_gets_in(database, redis_client, rows):
    sender = make_sender(database, "grace")
    door = partial(shared_door, database, redis_client, Still())
    wrong = {"Authorization": f"Bearer hubk_{'x' * 43}"}
    with running(database, door=door) as one, running(database, door=door) as two:
        statuses = []
        for intake in (one, two) * 4:
            answer = intake.client.post(f"{intake.url}/api/v1/cards", json=CARD, headers=wrong)
            statuses.append(answer.status_code)
        assert statuses == [401] * 6 + [429] * 2
        assert int(answer.headers["retry-after"]) > 0
        assert two.send(sender, CARD).status_code == 202, "behind the same address"
    told = rows("SELECT actor, action FROM audit_entries WHERE action LIKE 'wrong_tries%' ORDER BY id")
    assert [tuple(row) for row in told] == [
        ("cards API", "wrong_tries.slowed"),
        ("cards API", "wrong_tries.refused"),
    ]


def test_another_name_is_a_problem_and_health_is_told_to_anybody(database):
    sender = make_sender(database, "grace")
    with running(database, hosts=hosts_of(["https://cards.example.org"], [])) as intake:
        for host, status in (("cards.example.org", 202), ("evil.example", 421)):
            answer = intake.send(sender, CARD, Host=host)
            assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert "evil" not in answer.text
        answer = intake.client.get(f"{intake.url}/healthz", headers={"Host": "10.9.8.7"})
        assert answer.status_code == 200


def test_which_names_follow_from_the_settings():
    named = intake_hosts(Settings(_env_file=None, form_url="https://cards.example.org/x"))
    assert named.allows("cards.example.org")
    assert not named.allows("evil.example")
    assert intake_hosts(Settings(_env_file=None, form_url="http://127.0.0.1:8502")) is None
    assert intake_hosts(Settings(_env_file=None, allowed_hosts="intake")).allows("intake:8502")
