"""Questions from their filing to their answer: by real workers, ahead of cards, through all that can go wrong."""

import signal
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from ghl.churches import pause
from ghl.clock import SystemClock
from ghl.delivery.claim import due_churches
from ghl.delivery.facts import load_facts
from ghl.delivery.settle import hold
from ghl.ids import new_id
from ghl.questions import take
from ghl.questions.ask import WANTED_FOR, ask, look, prune
from ghl.questions.kind import Kind, QuestionError
from ghl.questions.kinds import KINDS
from ghl.statuses import QuestionState
from jobs.dispatcher.church_run import ChurchRun
from jobs.dispatcher.parts import Tools
from jobs.dispatcher.question_desk import QuestionDesk
from tests.support.churches import card_values, church, save
from tests.support.hub import running_hub, wait_for
from tests.support.servers import restartable_valkey


def church_run_of(hub, church_id):
    parts = hub.container
    tools = Tools(
        database=hub.database,
        throttle=parts.throttle,
        breakers=parts.breakers,
        key_ring=parts.key_ring,
        clock=SystemClock(),
        holder="me",
        jitter=lambda: 0.0,
    )
    return ChurchRun(church_id, tools)


def change(hub, church_id, sql, **values):
    with hub.database.church(church_id) as session:
        session.execute(text(sql), values)


class TestAnswers:
    def test_one_contact_as_it_is_now(self, hub, asking, came, mary):
        church_id = hub.church()
        hub.start_worker()
        asked = came(church_id, asking(church_id, "contact", ids=[mary()]))
        assert asked.state is QuestionState.ANSWERED
        (contact,) = asked.answer["contacts"]
        assert contact["gone"] is False
        assert (contact["first_name"], contact["phone"], contact["email"]) == (
            "Mary",
            "+16155550188",
            "mary@example.org",
        )
        assert contact["tags"] == ["choir"]
        assert contact["address"] == "Nashville"
        assert contact["added_at"]
        assert hub.sim.stats.total == 1

    def test_two_contacts_one_of_them_gone(self, hub, asking, came, mary):
        church_id = hub.church()
        hub.start_worker()
        there = mary()
        asked = came(church_id, asking(church_id, "contact", ids=["nobody", there]))
        gone, found = asked.answer["contacts"]
        assert gone == {"id": "nobody", "gone": True}
        assert found["id"] == there

    def test_the_connection_works(self, hub, asking, came):
        church_id = hub.church()
        hub.start_worker()
        asked = came(church_id, asking(church_id))
        assert asked.state is QuestionState.ANSWERED
        assert asked.answer["name"]
        assert hub.sim.stats.total == 3, "a location that can be read proves little"

    def test_a_token_that_is_refused_is_the_answer(self, hub, asking, came):
        church_id = hub.church()
        hub.sim.state.revoke_token(hub.sim.token(hub.sim.location_id))
        hub.start_worker()
        asked = came(church_id, asking(church_id))
        assert (asked.state, asked.cause) == (QuestionState.FAILED, "token_refused")
        assert hub.query(church_id, "SELECT hold_cause FROM churches") == [("token_refused",)]

    def test_a_box_that_was_ticked_lets_a_held_church_go_on_at_once(self, hub, asking, came):
        church_id = hub.church()
        with hub.database.church(church_id) as session:
            hold(session, church_id, load_facts(session, church_id).credential_id, cause="scope_missing")
        save(hub.database, church_id, card_values(1))
        hub.start_worker()
        came(church_id, asking(church_id))
        hub.arrived(church_id, 1)

    def test_a_paused_church_may_look(self, hub, asking, came, mary):
        church_id = hub.church()
        pause(hub.database, church_id, reason="We move house", actor="test")
        hub.start_worker()
        assert came(church_id, asking(church_id, "contact", ids=[mary()])).answer

    def test_a_sign_that_no_database_keeps_is_left_out(self, hub, asking, came, mary):
        church_id = hub.church()
        hub.start_worker()
        asked = came(church_id, asking(church_id, "contact", ids=[mary(firstName="Ma\0ry")]))
        assert asked.answer["contacts"][0]["first_name"] == "Mary"

    def test_a_mistake_of_ours_in_one_kind_stops_nothing(self, hub, asking, came, mary, monkeypatch):
        def broken(_params, _make):
            raise KeyError("a mistake of ours")

        kinds = dict(KINDS) | {"broken": Kind("broken", dict, lambda _params: 1, broken)}
        for module in ("ask", "take"):
            monkeypatch.setattr(f"ghl.questions.{module}.KINDS", kinds)
        for module in ("inquiry", "question_desk"):
            monkeypatch.setattr(f"jobs.dispatcher.{module}.KINDS", kinds)
        church_id = hub.church()
        hub.start_worker()
        asked = came(church_id, asking(church_id, "broken"))
        assert (asked.state, asked.cause) == (QuestionState.FAILED, "unknown")
        assert came(church_id, asking(church_id, "contact", ids=[mary()])).answer


class TestAheadOfCards:
    def test_a_question_goes_before_500_waiting_cards(self, hub, asking, came, mary):
        church_id = hub.church()
        contact = mary()
        save(hub.database, church_id, *(card_values(n) for n in range(500)))
        hub.start_worker()
        hub.container.waker.wake(church_id)
        wait_for(lambda: hub.sim.stats.requests("contacts.create") >= 90)
        asked = came(church_id, asking(church_id, "contact", ids=[contact]), within=14)
        assert asked.state is QuestionState.ANSWERED
        standing = hub.standing(church_id)
        assert standing["synced"] < 200, "it had the first place of the next ten seconds"
        assert hub.sim.stats.answered_429 == 0

    def test_three_calls_are_three_calls_of_the_budget_and_nothing_is_kept(self, hub, asking, came):
        church_id = hub.church()
        hub.start_worker()
        came(church_id, asking(church_id))
        wait_for(lambda: hub.container.throttle.usage(hub.sim.location_id).ours == 3)

    def test_where_too_few_calls_are_left_it_waits_and_is_not_overtaken(self, hub, asking):
        church_id = hub.church()
        throttle, location = hub.container.throttle, hub.sim.location_id
        others = throttle.take(location, 98)
        asking(church_id, wake=False)
        save(hub.database, church_id, *(card_values(n) for n in range(20)))
        run = church_run_of(hub, church_id)
        turned = run.turn(50)
        assert turned.jobs == []
        assert not turned.finished
        assert hub.standing(church_id) == {"waiting": 20}
        assert throttle.usage(location).ours == 98, "what was not used is given back"
        throttle.give_back(location, others, 20)
        inquiry, *cards = run.turn(50).jobs
        assert len(inquiry.permits) == 3
        assert len(cards) == 19

    def test_one_thread_is_enough(self, database_urls, redis_url, sim, mary):
        with running_hub(database_urls, redis_url, sim, worker_threads=1) as hub:
            church_id = hub.church()
            hub.start_worker()
            with hub.database.church(church_id) as session:
                asked = ask(session, church_id, "location", actor="x")
            hub.container.waker.wake(church_id)

            def answered():
                with hub.database.church(church_id) as session:
                    return look(session, church_id, asked.id).answer

            wait_for(answered)


class TestTrouble:
    def test_a_killed_workers_question_is_asked_again(self, hub, asking, came, mary):
        church_id = hub.church()
        contact = mary()
        hub.start_sweep()
        fault = hub.sim.faults.add("hang", operation="contacts.get")
        asked = asking(church_id, "contact", ids=[contact])
        worker = hub.start_worker_process()
        wait_for(lambda: fault.fired >= 1)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        hub.sim.faults.clear()
        assert hub.query(church_id, "SELECT state FROM questions") == [("asking",)]
        change(hub, church_id, "UPDATE questions SET leased_until = now() - interval '1 s'")
        change(hub, church_id, "UPDATE delivery_leases SET until = now() - interval '1 s'")
        hub.start_worker()
        assert came(church_id, asked).answer

    def test_what_kills_three_workers_has_failed(self, hub, asking, seen):
        church_id = hub.church()
        asked = asking(church_id, wake=False)
        with hub.database.church(church_id) as session:
            location_id = load_facts(session, church_id).location_id
        for _ in range(take.MAX_DEATHS):
            with hub.database.church(church_id) as session:
                taken = take.take(session, church_id, location_id, token=new_id(), calls=10)
                assert len(taken.questions) == 1
            change(hub, church_id, "UPDATE questions SET leased_until = now() - interval '1 s'")
        with hub.database.church(church_id) as session:
            assert take.take(session, church_id, location_id, token=new_id(), calls=10).questions == ()
            take.give_up_on_deadly(session, church_id)
        assert seen(church_id, asked).cause == "unknown"

    def test_an_open_breaker_is_told_and_healing_brings_the_answer(self, hub, asking, came, seen, mary):
        church_id = hub.church()
        breakers = hub.container.breakers
        breakers.record(hub.sim.location_id, successes=0, system_errors=5)
        hub.start_worker()
        asked = asking(church_id, "contact", ids=[mary()])
        wait_for(lambda: seen(church_id, asked).cause == "ghl_not_answering")
        assert hub.sim.stats.requests("contacts.get") == 0
        breakers.request_test(hub.sim.location_id)
        assert came(church_id, asked).answer

    def test_no_answer_is_told_counted_and_tried_again(self, hub, asking, came, seen, mary):
        church_id = hub.church()
        hub.sim.faults.add("html_error", operation="contacts.get", times=3)
        hub.start_worker()
        hub.start_sweep()
        asked = asking(church_id, "contact", ids=[mary()])
        wait_for(lambda: seen(church_id, asked).cause == "ghl_not_answering")
        change(hub, church_id, "UPDATE questions SET due_at = now() WHERE state = 'waiting'")
        hub.sim.faults.clear()
        assert came(church_id, asked).answer

    def test_too_many_requests_wait_as_told(self, hub, asking, came, seen, mary):
        church_id = hub.church()
        hub.sim.faults.add("burst_429", operation="contacts.get", times=1, seconds=1)
        hub.start_worker()
        hub.start_sweep()
        asked = asking(church_id, "contact", ids=[mary()])
        wait_for(lambda: seen(church_id, asked).cause == "going_slowly")
        assert hub.query(church_id, "SELECT due_at > now() FROM questions") == [(True,)]

    def test_redis_away_keeps_the_question_and_back_it_is_answered(self, database_urls, sim):
        with restartable_valkey() as valkey, running_hub(database_urls, valkey.url, sim) as hub:
            church_id = hub.church()
            hub.start_worker()
            hub.start_sweep()
            valkey.stop()
            with hub.database.church(church_id) as session:
                asked = ask(session, church_id, "location", actor="x")
            assert asked.state is QuestionState.WAITING
            valkey.start()

            def answered():
                with hub.database.church(church_id) as session:
                    return look(session, church_id, asked.id).answer

            wait_for(answered, within=30)

    def test_a_lost_wake_up_is_swept_up_and_a_question_alone_is_a_reason(self, hub, asking, came):
        church_id = hub.church()
        asked = asking(church_id, wake=False)
        with hub.database.system() as session:
            assert due_churches(session) == [church_id]
        hub.start_worker()
        hub.start_sweep()
        came(church_id, asked)

    def test_what_was_taken_before_the_church_moved_keeps_no_run_busy(self, hub, asking):
        church_id = hub.church()
        asking(church_id, "contact", ids=["nobody"], wake=False)
        with hub.database.church(church_id) as session:
            facts = load_facts(session, church_id)
            desk = QuestionDesk(church_id, hub.container.key_ring)
            desk.hold(desk.take(session, facts.location_id, calls=5).questions, until=float("inf"))
        assert desk.waits_for(blocked=False)
        moved = replace(facts, location_id=new_id())
        assert desk.start(moved, calls=5, threads=5, permit=lambda _until: None) == []
        assert not desk.waits_for(blocked=False)

    def test_a_worker_that_is_stopped_gives_back_what_it_holds(self, hub, asking, mary):
        church_id = hub.church()
        hub.sim.set_latency("1-1")
        worker = hub.start_worker()
        asking(church_id, "contact", ids=[mary()])
        wait_for(lambda: hub.query(church_id, "SELECT 1 FROM questions WHERE state = 'asking'"))
        worker.stop()
        hub._workers[0][1].join(10)
        assert hub.query(church_id, "SELECT count(*) FROM questions WHERE state = 'asking'") == [(0,)]

    def test_of_another_location_nothing_is_asked(self, hub, asking, seen, mary):
        church_id = hub.church()
        asked = asking(church_id, "contact", ids=[mary()], wake=False)
        hub.sim.state.add_location("NEWLOC")
        hub.connect("grace", "NEWLOC")
        hub.start_worker()
        hub.container.waker.wake(church_id)
        later = asking(church_id, "location")
        wait_for(lambda: seen(church_id, later).over)
        assert seen(church_id, asked).state is QuestionState.WAITING
        assert hub.sim.stats.requests("contacts.get") == 0


class TestAsking:
    def test_the_same_question_is_one_while_it_waits_and_a_moment_after(self, hub, asking, came, mary):
        church_id = hub.church()
        contact = mary()
        first, second = (asking(church_id, "contact", wake=False, ids=[contact]) for _ in range(2))
        other = asking(church_id, "contact", wake=False, ids=["another"])
        assert first.id == second.id != other.id
        hub.start_worker()
        hub.container.waker.wake(church_id)
        came(church_id, first)
        assert asking(church_id, "contact", ids=[contact]).id == first.id
        change(hub, church_id, "UPDATE questions SET answered_at = now() - interval '1 minute'")
        assert asking(church_id, "contact", ids=[contact]).id != first.id

    def test_one_is_open_at_a_time_says_the_database(self, hub, asking):
        church_id = hub.church()
        asking(church_id, wake=False)
        with pytest.raises(IntegrityError), hub.database.church(church_id) as session:
            session.execute(
                text(
                    "INSERT INTO questions SELECT (jsonb_populate_record(q, jsonb_build_object('id', CAST(:id AS text)))).*"
                    " FROM questions AS q"
                ),
                {"id": str(new_id())},
            )

    def test_nobody_waits_any_more_and_who_asks_again_brings_it_back(self, hub, asking, seen):
        church_id = hub.church()
        asked = asking(church_id, wake=False)
        change(hub, church_id, "UPDATE questions SET wanted_until = now() - interval '1 s'")
        assert seen(church_id, asked).expired
        with hub.database.system() as session:
            assert due_churches(session) == []
        with hub.database.church(church_id) as session:
            location_id = load_facts(session, church_id).location_id
            assert not take.take(session, church_id, location_id, token=new_id(), calls=9).questions
        again = asking(church_id, wake=False)
        assert again.id == asked.id
        assert not again.expired

    def test_answers_are_deleted_an_hour_after_nobody_waits(self, hub, asking, came, mary):
        church_id = hub.church()
        hub.start_worker()
        came(church_id, asking(church_id, "contact", ids=[mary()]))
        for age, left in (("59 minutes", 1), ("61 minutes", 0)):
            change(
                hub, church_id, "UPDATE questions SET wanted_until = now() - CAST(:age AS interval)", age=age
            )
            with hub.database.system() as session:
                prune(session)
            assert hub.query(church_id, "SELECT count(*) FROM questions") == [(left,)]

    @pytest.mark.parametrize(
        ("kind", "params"),
        [
            ("contact", {}),
            ("contact", {"ids": []}),
            ("contact", {"ids": ["a", "b", "c"]}),
            ("contact", {"ids": ["../locations/x"]}),
            ("contact", {"ids": "abc"}),
            ("location", {"token": "pit-1"}),
            ("messages", {}),
        ],
    )
    def test_what_cannot_be_asked(self, hub, asking, kind, params):
        with pytest.raises(QuestionError):
            asking(hub.church(), kind, wake=False, **params)

    def test_without_a_connection_there_is_nothing_to_ask(self, hub, asking):
        assert asking(church(hub.database), wake=False) is None

    def test_another_churchs_question_is_not_there(self, hub, asking, seen):
        grace = hub.church()
        hope = hub.church("hope", location="HOPE")
        asked = asking(grace, wake=False)
        assert seen(hope, asked) is None
        assert hub.query(hope, "SELECT count(*) FROM questions") == [(0,)]
        with pytest.raises(DBAPIError, match="row-level security"), hub.database.church(hope) as session:
            session.execute(
                text(
                    "INSERT INTO questions (id, church_id, location_id, kind, params, key, asked_by, asked_at,"
                    " wanted_until, state, due_at) SELECT :id, :church, id, 'location', '{}', 'x', 'x', now(),"
                    " now(), 'waiting', now() FROM locations"
                ),
                {"id": new_id(), "church": grace},
            )

    def test_the_system_sees_when_and_never_what(self, hub, asking):
        asking(hub.church(), wake=False)
        with hub.database.system() as session:
            session.execute(text("SELECT church_id, state, due_at FROM questions"))
        for column in ("params", "answer", "asked_by"):
            with pytest.raises(DBAPIError, match="permission denied"), hub.database.system() as session:
                session.execute(text(f"SELECT {column} FROM questions"))

    def test_a_kind_of_a_newer_version_is_left_to_those_who_know_it(self, hub, asking, came):
        church_id = hub.church()
        asked = asking(church_id, wake=False)
        change(hub, church_id, "UPDATE questions SET kind = 'of_tomorrow'")
        later = asking(church_id, "contact", wake=False, ids=["nobody"])
        hub.start_worker()
        hub.container.waker.wake(church_id)
        came(church_id, later)
        assert hub.query(church_id, "SELECT state FROM questions WHERE id = :id", id=asked.id) == [
            ("waiting",)
        ]


def test_answers_are_nowhere_but_in_the_database(hub, asking, came, mary, capfd, redis_client):
    church_id = hub.church()
    hub.start_worker()
    came(church_id, asking(church_id, "contact", ids=[mary()]))
    kept = b" ".join(redis_client.dump(key) or b"" for key in redis_client.scan_iter())
    told = "".join(capfd.readouterr())
    for secret in ("mary@example.org", "Smith", "+16155550188", "6155550188"):
        assert secret.encode() not in kept
        assert secret not in told


def test_somebody_waits_longer_than_a_worker_may_hold_it():
    assert WANTED_FOR.total_seconds() > 2 * take.LEASE_SECONDS
    assert take.LEASE_SECONDS >= 3 * 5
    assert " ".join(sorted(KINDS)) == (
        "contact contact_again contact_dnd find_holder lift_dnd location may_we remove_contact set_dnd started"
        " token_probe"
    )
