"""Who sends: the source key of a request, or a problem. The church comes from the key and from nowhere else."""

from starlette.requests import Request

from ghl.guard.door import Door, TooManyError
from ghl.intake.problems import Problem, ProblemError
from ghl.intake.threads import Threads
from ghl.intake.wrong_keys import WrongKeys
from ghl.sources import KnownSources, Source

ASK = 'Bearer realm="cards"'
"""RFC 6750, section 3."""
WRONG = f'{ASK}, error="invalid_token"'


class Gate:
    """Lets requests in by their source key."""

    def __init__(
        self, sources: KnownSources, wrong_keys: WrongKeys, threads: Threads, *, door: Door | None = None
    ) -> None:
        """`door` counts wrong keys together with other processes, over a longer time than `wrong_keys`."""
        self._sources = sources
        self._wrong_keys = wrong_keys
        self._threads = threads
        self._door = door

    async def source_of(self, request: Request) -> Source:
        """The source that the request's key belongs to. Raises `ProblemError` 401 or 429."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise ProblemError(Problem.KEY_WRONG, headers={"WWW-Authenticate": ASK})
        found = self._sources.remembered(key)
        if found is None:
            found = await self._looked_up(key, request.client.host if request.client else "")
        request.state.log["church_id"] = str(found.church_id)
        request.state.log["source_id"] = str(found.id)
        return found

    async def _looked_up(self, key: str, address: str) -> Source:
        # A key that was right before is always looked up: behind one address may stand a right key and a
        # wrong one, and the wrong one must not lock out the other.
        known = self._sources.was_good(key)
        wait = 0 if known else self._wrong_keys.wait_seconds(address)
        if wait:
            raise ProblemError(Problem.TOO_MANY_WRONG_KEYS, headers={"Retry-After": str(wait)})
        found = await self._look(key) if known else await self._through_the_door(key, address)
        if found is None:
            self._wrong_keys.add(address)
            raise ProblemError(Problem.KEY_WRONG, headers={"WWW-Authenticate": WRONG})
        return found

    async def _look(self, key: str) -> Source | None:
        return await self._threads.run(self._sources.church_of, key)

    async def _through_the_door(self, key: str, address: str) -> Source | None:
        if self._door is None:
            return await self._look(key)
        try:
            return await self._door.try_from(address, lambda: self._look(key))
        except TooManyError as error:
            headers = {"Retry-After": str(error.seconds)}
            raise ProblemError(Problem.TOO_MANY_WRONG_KEYS, headers=headers) from None
