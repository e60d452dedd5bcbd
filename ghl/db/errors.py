"""What can be wrong with a database, in words for the person who runs it."""


class DatabaseSetupError(Exception):
    """The database cannot be used as it is; the message is one line that says why and what to do."""
