"""Which parts `hub up` starts, with which command and environment, and in which order they stop. Decides only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jobs.supervisor.ports import local_address

WEB_PORT, INTAKE_PORT, SIMULATOR_PORT = 8501, 8502, 8580

STOP_ORDER = ("web", "intake", "scheduler", "worker", "demo", "simulator", "valkey", "postgres")
"""First nothing new comes in, then nothing new is begun, then what is under way ends, then what it stands on."""

WORKER_STOP_SECONDS = 10.0
"""A worker gives back what it holds; a call to GHL takes at most 5 s."""


@dataclass(frozen=True)
class UpOptions:
    """What `hub up` was asked for. A port of None is the usual one, or the next that is free."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int | None = None
    intake_port: int | None = None
    workers: int = 1
    demo: bool = False


@dataclass(frozen=True)
class Ground:
    """What the parts stand on: addresses of servers, ports, and the keys' file where the hub made it."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    web_port: int
    intake_port: int
    public_url: str = ""
    """Where people reach the dashboard, when that is not this machine's own address."""
    form_url: str = ""
    """Where people's telephones reach the card form, when that is not this machine's own address."""
    keys_file: Path | None = None
    simulator_port: int | None = None

    @property
    def simulator_url(self) -> str:
        """Where the simulator listens, or an empty text without one."""
        return f"http://127.0.0.1:{self.simulator_port}" if self.simulator_port else ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process of the hub. `kind` is its place in the stop order."""

    kind: str
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)  # holds passwords
    health_url: str = ""
    """Answers 200 when the part works; the hub is ready when all these do."""
    stop_seconds: float = 5.0


def environment(base: Mapping[str, str], options: UpOptions, ground: Ground) -> dict[str, str]:
    """The environment of every part: what the hub itself was given, and where to find what it started.

    The owner's login stays with the hub: no part may own what it works with.
    """
    added = {
        "HUB_DATABASE_URL": ground.database_url,
        "HUB_REDIS_URL": ground.redis_url,
        "HUB_DATA_DIR": str(options.data_dir),
        "HUB_PUBLIC_URL": ground.public_url or web_url(options, ground),
        "HUB_FORM_URL": ground.form_url or intake_url(options, ground),
        "HUB_DEMO_SIMULATOR_URL": ground.simulator_url,
        "PYTHONUNBUFFERED": "1",
    }
    if ground.keys_file is not None:
        added["HUB_ENCRYPTION_KEYS_FILE"] = str(ground.keys_file)
    kept = {name: value for name, value in base.items() if name != "HUB_DATABASE_ADMIN_URL"}
    return {**kept, **{name: value for name, value in added.items() if value}}


def web_url(options: UpOptions, ground: Ground) -> str:
    """The dashboard's address on this machine."""
    return f"http://{local_address(options.host)}:{ground.web_port}"


def intake_url(options: UpOptions, ground: Ground) -> str:
    """The address of the cards API and the card form on this machine."""
    return f"http://{local_address(options.host)}:{ground.intake_port}"


def parts(
    options: UpOptions, ground: Ground, *, base: Mapping[str, str], python: str, project: Path
) -> tuple[Part, ...]:
    """The parts in the order in which they start. Each may be started on its own, and again."""
    env = environment(base, options, ground)
    hub = (python, "-m", "jobs.cli")
    listen = ("--host", options.host, "--port")
    web = Part(
        kind="web",
        name="web",
        command=(*hub, "web", *listen, str(ground.web_port)),
        environment=env,
        health_url=f"{web_url(options, ground)}/_stcore/health",
    )
    intake = Part(
        kind="intake",
        name="intake",
        command=(*hub, "intake", *listen, str(ground.intake_port)),
        environment=env,
        health_url=f"{intake_url(options, ground)}/healthz",
    )
    scheduler = Part(kind="scheduler", name="scheduler", command=(*hub, "scheduler"), environment=env)
    workers = tuple(
        Part(
            kind="worker",
            name=f"worker-{number}",
            command=(python, str(project / "worker.py")),
            environment=env,
            stop_seconds=WORKER_STOP_SECONDS,
        )
        for number in range(1, options.workers + 1)
    )
    return (web, intake, scheduler, *workers)


def simulator(options: UpOptions, ground: Ground, *, base: Mapping[str, str], python: str) -> Part:
    """The simulator of a demo, on this machine alone. It finds its contacts again when it is restarted."""
    return Part(
        kind="simulator",
        name="simulator",
        command=(
            *(python, "-m", "jobs.cli", "simulator", "serve"),
            *("--port", str(ground.simulator_port)),
            *("--state", str(options.data_dir / "simulator.jsonl")),
        ),
        environment=environment(base, options, ground),
    )


def seeding(options: UpOptions, ground: Ground, *, base: Mapping[str, str], python: str) -> Part:
    """The command that fills the demo church. It runs once, after everything is up."""
    return Part(
        kind="demo",
        name="demo",
        command=(python, "-m", "jobs.cli", "demo", "seed"),
        environment={
            **environment(base, options, ground),
            "HUB_DEMO_INTAKE_URL": intake_url(options, ground),
        },
    )
