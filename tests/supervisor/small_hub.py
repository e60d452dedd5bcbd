"""`hub up` with small parts and real servers: `small_hub.py DATA_DIR EVENTS [--port P] [--intake-port P]`."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ghl.config import Settings
from jobs.supervisor import UpOptions, Wiring, plan, run

SMALL_PART = Path(__file__).with_name("small_part.py")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("events", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--intake-port", type=int)
    asked = parser.parse_args()

    def small_parts(
        options: UpOptions, ground: plan.Ground, *, base: Mapping[str, str], python: str, project: Path
    ) -> tuple[plan.Part, ...]:
        real = plan.parts(options, ground, base=base, python=python, project=project)
        ports = {"web": [str(ground.web_port)], "intake": [str(ground.intake_port)]}
        command = (python, "-I", "-S", str(SMALL_PART), str(asked.events))
        return tuple(
            replace(part, command=(*command, part.name, *ports.get(part.name, [])), stop_seconds=2.0)
            for part in real
        )

    def migrate(admin_url: str, app_url: str) -> None:
        """Nothing to migrate: the small parts have no tables."""

    wiring = Wiring(
        parts=small_parts,
        migrate=migrate,
        check_keys=lambda *_: None,
        first_sign_in=lambda _, base_url: f"{base_url}/sign-in/first",
    )
    options = UpOptions(data_dir=asked.data_dir, port=asked.port, intake_port=asked.intake_port, workers=2)
    return run(options, Settings(_env_file=None), wiring)


if __name__ == "__main__":
    sys.exit(main())
