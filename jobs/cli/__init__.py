"""The `hub` command: one file a group of commands, each importing what it needs only when it runs.

Names are stable: scripts and other programs call them. The rules stand in `ghl`; a command asks and prints.
"""


def main() -> None:
    """The entry point of the console script `hub`; ends the process with the command's exit code."""
    from jobs.cli.boundary import run

    run()
