"""What can go wrong with people and links, in words that a person may read."""


class PersonError(ValueError):
    """What was asked cannot be done; the message says why in one sentence."""


class PersonNotFoundError(PersonError):
    """Nobody with this e-mail address may sign in."""


class LinkNotValidError(PersonError):
    """A sign-in link that was used, is too old, or never was one: the answer is the same for all three."""
