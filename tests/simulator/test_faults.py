"""Each kind of fault as a client sees it, and whether the contact is there afterwards."""

import json
import socket
import time

import httpx
import pytest

from ghl.simulator.faults import FaultError, Kind

ANN = {"firstName": "Ann", "phone": "+16155550100"}


@pytest.fixture
def create(api, location):
    return lambda **more: api.post("/contacts/", json={"locationId": location, **ANN, **more})


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def raw_create(sim, **more):
    """A socket on which the request has been sent."""
    body = json.dumps({"locationId": sim.location_id, **ANN, **more}).encode()
    head = (
        f"POST /contacts/ HTTP/1.1\r\nHost: 127.0.0.1\r\nVersion: 2021-07-28\r\n"
        f"Authorization: Bearer {sim.token()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    sock = socket.create_connection(("127.0.0.1", sim.port), timeout=5)
    sock.sendall(head.encode() + body)
    return sock


def read_all(sock):
    data = b""
    while chunk := sock.recv(65536):
        data += chunk
    return data


def test_nobody_listens_until_it_is_cleared(sim, create):
    create()
    sim.faults.add("refuse")
    with pytest.raises(httpx.TransportError):
        create()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", sim.port), timeout=5)
    sim.faults.clear()
    assert create().status_code == 400


def test_nobody_listens_for_a_while(clock, sim, create):
    sim.faults.add("refuse", duration=0.2)
    with pytest.raises(httpx.ConnectError):
        create()
    clock.go_on(0.2)

    def listens():
        try:
            return create().status_code == 201
        except httpx.ConnectError:
            return False

    until(listens)


def test_outage_resets(sim):
    sim.faults.add("outage")
    with raw_create(sim) as sock, pytest.raises(ConnectionResetError):
        sock.recv(100)
    assert sim.state.count() == 0


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("effect", [False, True])
def test_server_errors_before_and_after_the_effect(sim, create, status, effect):
    sim.faults.add("server_error", status=status, effect=effect)
    answer = create()
    assert answer.status_code == status
    assert answer.json()["statusCode"] == status
    assert sim.state.count() == int(effect)


def test_a_page_of_html(sim, create):
    sim.faults.add("html_error")
    answer = create()
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>502 Bad Gateway</h1>" in answer.text
    assert "X-RateLimit-Remaining" not in answer.headers
    assert sim.state.count() == 0


def test_the_edge_says_no(sim, create):
    sim.faults.add("cloudflare")
    answer = create()
    assert (answer.status_code, answer.headers["server"]) == (403, "cloudflare")
    assert "Error 1010" in answer.text


def test_hang(sim):
    sim.faults.add("hang")
    with raw_create(sim) as sock:
        sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        assert sim.stats.snapshot()["in_flight"] == 1
    until(lambda: sim.stats.snapshot()["in_flight"] == 0)
    assert sim.state.count() == 0


def test_slow(sim, create):
    sim.faults.add("slow", seconds=0.2)
    start = time.monotonic()
    assert create().status_code == 201
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize(("kind", "end_of_first"), [("drip_header", b"H"), ("drip_body", b"\r\n\r\n{")])
def test_dripping(sim, kind, end_of_first):
    sim.faults.add(kind, seconds=0.3)
    with raw_create(sim) as sock:
        first = sock.recv(65536)
        while kind == "drip_body" and not first.endswith(b"{"):
            first += sock.recv(65536)
        assert first.endswith(end_of_first)
        assert len(sock.recv(65536)) == 1
    assert sim.state.count() == 1


def test_a_drip_comes_to_its_end(sim, create):
    sim.faults.add("drip_header", seconds=0.0001)
    assert create().status_code == 201
    assert create(phone="+16155550101").status_code == 201


@pytest.mark.parametrize(("kind", "contacts"), [("cut_before", 0), ("cut_after", 1)])
def test_cut_without_an_answer(sim, kind, contacts):
    sim.faults.add(kind)
    with raw_create(sim) as sock:
        assert read_all(sock) == b""
    assert sim.state.count() == contacts


def test_cut_in_the_body(sim, create):
    sim.faults.add("cut_in_body")
    with pytest.raises(httpx.RemoteProtocolError):
        create()
    assert sim.state.count() == 1


def test_the_effect_comes_after_the_client_gave_up(sim):
    sim.faults.add("late_effect", seconds=0.3)
    with raw_create(sim):
        pass
    assert sim.state.count() == 0
    until(lambda: sim.state.count() == 1)


def test_the_effect_comes_though_the_client_left_while_it_waited(sim):
    sim.set_latency("0.2")
    with raw_create(sim):
        pass
    until(lambda: sim.state.count() == 1)


def test_422_and_yet_created(sim, create):
    sim.faults.add("created_but_422", times=1)
    assert create().status_code == 422
    assert sim.state.count() == 1
    sim.faults.add("created_but_422")
    assert create().status_code == 400


@pytest.mark.parametrize("headers", [True, False])
@pytest.mark.parametrize(("kind", "spent"), [("burst_429", "Remaining"), ("daily_429", "Daily-Remaining")])
def test_too_many(sim, create, kind, spent, headers):
    sim.faults.add(kind, headers=headers, seconds=7 if headers else None)
    answer = create()
    assert answer.status_code == 429
    assert ("X-RateLimit-Max" in answer.headers) == headers
    assert answer.headers.get("Retry-After") == ("7" if headers else None)
    if headers:
        left = {name: answer.headers[f"X-RateLimit-{name}"] for name in ("Remaining", "Daily-Remaining")}
        assert left.pop(spent) == "0"
        assert list(left.values()) != ["0"]
    assert sim.state.count() == 0


def test_broken_json(sim, create):
    sim.faults.add("broken_json")
    answer = create()
    assert answer.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert sim.state.count() == 1


def test_200_and_nothing_in_it(sim, create):
    sim.faults.add("empty_200")
    answer = create()
    assert (answer.status_code, answer.content) == (200, b"")
    assert sim.state.count() == 1


def test_no_id_in_the_answer(sim, create):
    sim.faults.add("no_id")
    answer = create()
    assert answer.status_code == 201
    assert "id" not in answer.json()["contact"]
    assert answer.json()["contact"]["firstName"] == "Ann"


def test_token_refused_and_restored(sim, create):
    fault = sim.faults.add("token_refused", location=sim.location_id)
    answer = create()
    assert (answer.status_code, answer.json()["message"]) == (401, "Invalid Private Integration token")
    sim.faults.clear(fault.id)
    assert create().status_code == 201


def test_every_kind_has_been_tried(request):
    """A kind that is added wants a test here."""
    source = request.path.read_text()
    assert [kind.value for kind in Kind if f'"{kind.value}"' not in source] == []


def test_only_one_location_operation_and_text(sim, api, create):
    token = sim.state.add_location("otherLocation0000001")
    here = sim.faults.add(
        "server_error", location=sim.location_id, operation="contacts.*", body_contains="Ann"
    )
    assert create(firstName="Bob").status_code == 201
    assert create().status_code == 500
    assert api.get(f"/locations/{sim.location_id}").status_code == 200
    theirs = api.post(
        "/contacts/",
        json={"locationId": "otherLocation0000001", **ANN},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert theirs.status_code == 201
    assert here.fired == 1
    assert sim.stats.faults_fired() == {"server_error": 1}


def test_times_duration_and_the_order(sim, create, clock):
    sim.faults.add("server_error", times=2)
    sim.faults.add("html_error", duration=10)
    assert [create().status_code for _ in range(3)] == [500, 500, 502]
    clock.go_on(10)
    assert create().status_code == 201
    assert [fault["active"] for fault in sim.faults.list()] == [False, False]


def test_chance_is_seeded(sim, create):
    fault = sim.faults.add("server_error", probability=0.5)
    statuses = [create().status_code for _ in range(60)]
    assert 15 <= fault.fired <= 45
    assert statuses.count(500) == fault.fired


def test_requests_sent_ahead_are_answered_in_order(sim):
    sim.set_latency("0-0.05")
    request = (
        f"GET /locations/{sim.location_id} HTTP/1.1\r\nHost: 127.0.0.1\r\nVersion: v3\r\n"
        f"Authorization: Bearer {sim.token()}\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", sim.port), timeout=5) as sock:
        sock.sendall((request + b"\r\n") * 3 + request + b"Connection: close\r\n\r\n")
        answers = read_all(sock)
    left = [
        line.split()[1]
        for line in answers.lower().split(b"\r\n")
        if line.startswith(b"x-ratelimit-remaining")
    ]
    assert left == [b"99", b"98", b"97", b"96"]


def test_what_is_no_http(sim):
    with socket.create_connection(("127.0.0.1", sim.port), timeout=5) as sock:
        sock.sendall(b"\x16\x03\x01hello\r\n\r\n")
        assert read_all(sock).startswith(b"HTTP/1.1 400")


def test_a_body_without_end(sim, api):
    assert api.post("/contacts/", content=b"x" * (2 * 1024 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "boredom"},
        {"kind": "hang", "colour": "red"},
        {"kind": "hang", "probability": 2},
        {"kind": "hang", "times": 0},
        {"kind": "cut_after", "effect": True},
        {"kind": "server_error", "status": 200},
        {"kind": "refuse", "location": "x"},
    ],
)
def test_faults_that_cannot_be(sim, wrong):
    with pytest.raises(FaultError):
        sim.faults.add(**wrong)
    assert sim.faults.list() == []
