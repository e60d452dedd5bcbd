"""Fixtures of the three suites whose parts are looked at."""

from tests.messages.conftest import hub, sender, sim  # noqa: F401
from tests.webhooks.conftest import church, signing_key, world  # noqa: F401
