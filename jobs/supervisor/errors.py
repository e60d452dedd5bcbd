"""What can keep the hub from starting, each as one line that says what to do."""


class StartError(Exception):
    """The hub cannot start as asked. The message is one line for the person at the terminal."""
