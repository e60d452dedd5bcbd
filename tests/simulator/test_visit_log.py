"""What the simulator writes down of each request: the arrival, the true effect, the answer, and no token."""

import orjson

from ghl.clock import SystemClock
from ghl.simulator.assembly import assemble, furnish
from ghl.simulator.visit_log import FileLog
from ghl.simulator.wire import Request
from tests.chaos.evidence import read_calls, stalls_of


def test_each_request_is_written_with_its_true_effect(tmp_path):
    path = tmp_path / "visits.jsonl"
    log = FileLog(path)
    simulator = assemble(SystemClock(), seed=0, log=log)
    token = furnish(simulator.state, "LOC1")
    headers = {"authorization": f"Bearer {token}", "version": "2021-07-28"}

    def visit(**contact):
        body = orjson.dumps({"locationId": "LOC1", **contact})
        visit = simulator.arrive(Request("POST", "/contacts/", {}, headers, body))
        ending = simulator.answer(visit)
        simulator.ended(visit, ending.response.status if ending.response else None)

    visit(firstName="Ann", email="ann@example.org")
    simulator.faults.add("cut_after", times=1)
    visit(firstName="Ben", email="ben@example.org")
    visit(firstName="Ben", email="ben@example.org")
    log.close()

    seen, lost, refused = read_calls(path)
    (ann, ben) = (contact["id"] for contact in simulator.state.contacts("LOC1"))
    assert (seen.operation, seen.location, seen.status, seen.done) == (
        "contacts.create",
        "LOC1",
        201,
        (201, ann),
    )
    assert (lost.fault, lost.status, lost.done) == ("cut_after", None, (201, ben))
    assert (refused.status, refused.done, refused.refused) == (400, (400, None), False)
    assert "ben@example.org" in refused.text
    assert token not in path.read_text()
    assert stalls_of([seen, refused], latency=0.5) == []
    ((began, ended, late),) = stalls_of([seen], latency=-1)
    assert (began, ended) == (seen.at, seen.ended)
    assert late > 1
