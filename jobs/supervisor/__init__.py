"""What `hub up` does: starts every part of the hub, watches them, and leaves nothing behind."""

from jobs.supervisor.plan import UpOptions
from jobs.supervisor.up import Wiring, run

__all__ = ["UpOptions", "Wiring", "run"]
