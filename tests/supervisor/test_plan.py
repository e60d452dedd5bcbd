"""What is started, with which words and which environment."""

from pathlib import Path

from jobs.supervisor import plan
from jobs.supervisor.plan import Ground, UpOptions

OPTIONS = UpOptions(data_dir=Path("/data"), workers=3)
GROUND = Ground(
    database_url="postgresql+psycopg://app@/hub",
    redis_url="unix:///valkey.sock",
    web_port=8501,
    intake_port=8502,
    keys_file=Path("/data/keys/encryption.keys"),
    simulator_port=8580,
)
BASE = {"PATH": "/bin", "HUB_DATABASE_ADMIN_URL": "postgresql://owner@db/hub", "HUB_LOG_LEVEL": "DEBUG"}


def parts(options=OPTIONS, ground=GROUND):
    return plan.parts(options, ground, base=BASE, python="python", project=Path("/hub"))


def test_all_parts_and_as_many_workers_as_asked():
    assert [part.name for part in parts()] == [
        "web",
        "intake",
        "scheduler",
        "worker-1",
        "worker-2",
        "worker-3",
    ]


def test_commands():
    commands = {part.name: " ".join(part.command) for part in parts()}
    assert commands["web"] == "python -m jobs.cli web --host 127.0.0.1 --port 8501"
    assert commands["intake"] == "python -m jobs.cli intake --host 127.0.0.1 --port 8502"
    assert commands["scheduler"] == "python -m jobs.cli scheduler"
    assert commands["worker-1"] == "python /hub/worker.py"
    simulator = plan.simulator(OPTIONS, GROUND, base=BASE, python="python")
    assert (
        " ".join(simulator.command)
        == "python -m jobs.cli simulator serve --port 8580 --state /data/simulator.jsonl"
    )


def test_no_part_gets_the_owners_login():
    every = [
        *parts(),
        plan.simulator(OPTIONS, GROUND, base=BASE, python="python"),
        plan.seeding(OPTIONS, GROUND, base=BASE, python="python"),
    ]
    for part in every:
        assert "HUB_DATABASE_ADMIN_URL" not in part.environment
        assert part.environment["HUB_DATABASE_URL"] == GROUND.database_url
        assert part.environment["HUB_LOG_LEVEL"] == "DEBUG"
        assert "postgresql" not in repr(part)
        assert part.kind in plan.STOP_ORDER


def test_addresses_of_this_machine_where_no_other_is_known():
    open_to_all = UpOptions(data_dir=Path("/data"), host="0.0.0.0")
    assert plan.web_url(open_to_all, GROUND) == "http://127.0.0.1:8501"
    environment = parts(open_to_all)[0].environment
    assert environment["HUB_PUBLIC_URL"] == "http://127.0.0.1:8501"
    assert environment["HUB_FORM_URL"] == "http://127.0.0.1:8502"
    assert parts(open_to_all)[0].command[-3:] == ("0.0.0.0", "--port", "8501")


def test_given_addresses_and_keys_are_left_as_they_are():
    given = Ground(
        database_url="a",
        redis_url="b",
        web_port=1,
        intake_port=2,
        public_url="https://hub.example.org",
        form_url="https://cards.example.org",
    )
    environment = parts(ground=given)[0].environment
    assert environment["HUB_PUBLIC_URL"] == "https://hub.example.org"
    assert environment["HUB_FORM_URL"] == "https://cards.example.org"
    assert "HUB_ENCRYPTION_KEYS_FILE" not in environment
    assert "HUB_DEMO_SIMULATOR_URL" not in environment


def test_stops_from_the_doors_to_the_ground():
    assert plan.STOP_ORDER == (
        "web",
        "intake",
        "scheduler",
        "worker",
        "demo",
        "simulator",
        "valkey",
        "postgres",
    )
