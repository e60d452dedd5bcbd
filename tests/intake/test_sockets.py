"""The intake saves cards and opens no connection but the one to its database, seen from the sockets themselves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from tests.intake.conftest import make_sender
from tests.intake.form import Page, filled

PROGRAM = """
import json, os, signal, socket, sys, threading

opened = []
# libpq connects in C and raises no event: what is left would be GoHighLevel, Redis, or a name server.
sys.addaudithook(
    lambda event, args: opened.append([event, repr(args[-1])])
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
    else None
)

from ghl.clock import SystemClock
from ghl.db.engine import Database
from ghl.intake.app import create_app
from ghl.intake.serve import run

database = Database(os.environ["TEST_DATABASE_URL"])
saved = []
app = create_app(database=database, clock=SystemClock(), on_saved=saved.append)
port = int(sys.argv[1])
run(app, "127.0.0.1", port)
in_use = list(opened)
try:
    socket.create_connection(("127.0.0.1", 9), timeout=0.1)
except OSError:
    pass
print(json.dumps({"opened": in_use, "hook_works": len(opened) > len(in_use), "saved": len(saved)}))
database.close()
"""


@pytest.fixture
def port():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_no_connection_is_opened_but_to_the_database(database, database_urls, port, rows):
    import signal
    import time

    grace = make_sender(database, "grace")
    [(name,)] = rows("SELECT public_id FROM churches")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port)],
        env={**os.environ, "TEST_DATABASE_URL": database_urls.app},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 20
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            while True:
                try:
                    client.get("/readyz").raise_for_status()
                    break
                except httpx.TransportError:
                    assert time.monotonic() < deadline
                    assert process.poll() is None
                    time.sleep(0.02)
            for n in range(30):
                card = {"first_name": "Anna", "email": f"a{n}@example.org", "phone": "615 555 0142"}
                saved = client.post("/api/v1/cards", json=card, headers=grace.headers)
                assert saved.status_code == 202
                client.get(saved.headers["location"], headers=grace.headers).raise_for_status()
                form = client.get(f"/c/{name}")
                written = filled(Page(form), first_name="Anna", phone="615 555 0142", age="18", notes=f"{n}")
                assert client.post(f"/c/{name}", data=written).status_code == 303
            connections = psutil.Process(process.pid).net_connections("inet")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=15)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == 0, "SIGTERM ends it in order, and run() returns"
    told = json.loads(out.splitlines()[-1])
    assert told == {"opened": [], "hook_works": True, "saved": 30}
    assert {connection.laddr.port for connection in connections} == {port}, "only what came in"
