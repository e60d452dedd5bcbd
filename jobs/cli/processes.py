"""Commands that run a part of the hub until they are stopped. Each part may run as often as is useful."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.base import CommandError, read_settings, running_settings

Host = Annotated[str, typer.Option(help="The address to listen on. 0.0.0.0 lets other machines in.")]


def up(
    *,
    host: Host = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="Of the dashboard. Else 8501 or the next free.")] = None,
    intake_port: Annotated[
        int | None, typer.Option(help="Of the cards API. Else 8502 or the next free.")
    ] = None,
    workers: Annotated[int, typer.Option(help="How many worker processes.", min=1, max=64)] = 1,
    data_dir: Annotated[Path | None, typer.Option(help="Where data lives (HUB_DATA_DIR).")] = None,
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="With a demo church and a simulator.")
    ] = False,
) -> None:
    """Start the whole hub. Ctrl-C stops it.

    PostgreSQL and Valkey are started in the data folder unless HUB_DATABASE_URL and HUB_REDIS_URL name others.
    Prints `Hub ready: URL`.
    """
    from jobs.supervisor import UpOptions, run

    settings = read_settings()
    options = UpOptions(
        host=host,
        port=port,
        intake_port=intake_port,
        workers=workers,
        data_dir=data_dir or settings.data_dir,
        demo=demo,
    )
    raise typer.Exit(run(options, settings))


def web(host: Host = "127.0.0.1", port: Annotated[int, typer.Option(help="The port.")] = 8501) -> None:
    """Run the dashboard."""
    import os
    import sys

    from jobs.running import as_environment

    # Another program, in this process's place: commands stand below the screens and import none of them.
    environment = {**os.environ, **as_environment(running_settings())}
    command = [sys.executable, "-m", "dashboard", "--host", host, "--port", str(port)]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own program, no shell


def intake(host: Host = "127.0.0.1", port: Annotated[int, typer.Option(help="The port.")] = 8502) -> None:
    """Run the cards API and the card form."""
    from ghl.intake.app import IntakeLimits, create_app
    from ghl.intake.serve import run
    from ghl.logging import set_up_logging
    from ghl.webhooks.signature import WebhookKeysError
    from jobs.container import build_container
    from jobs.doors import intake_hosts, key_door, webhook_doors

    settings = running_settings()
    set_up_logging("intake", level=settings.log_level)
    limits = IntakeLimits()
    hub = build_container(settings, name="intake", pool_size=limits.threads)
    try:
        waker = hub.background_waker
        app = create_app(
            database=hub.database,
            clock=hub.clock,
            on_saved=waker.wake,
            limits=limits,
            form_url=settings.form_url,
            hosts=intake_hosts(settings),
            door=lambda threads: key_door(hub, offload=threads.run),
            webhooks=webhook_doors(hub),
        )
        run(app, host, port, trusted_proxies=settings.trusted_proxies)
    except WebhookKeysError as error:
        raise CommandError(str(error), code=2) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise CommandError(f"The intake can't listen on {host}:{port}: {reason}.", code=2) from error
    finally:
        hub.close()


def scheduler() -> None:
    """Run the housekeeping.

    It wakes what is due, folds counts and removes what is too old. Of several, one works and the others wait.
    """
    from jobs.housekeeping import run

    run(running_settings())
