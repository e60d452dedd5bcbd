"""What can keep the demo church from being filled."""


class DemoError(Exception):
    """The demo church could not be filled; the message is one line that says why."""
