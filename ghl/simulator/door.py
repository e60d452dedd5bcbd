"""The listening socket: loopback only, and able to close and open again while the port stays ours."""

import asyncio
import socket

from ghl.simulator.application import Application
from ghl.simulator.control import ControlApi
from ghl.simulator.loopback import check_loopback
from ghl.simulator.protocol import Connection


class Door:
    """Serves an application on one event loop, in whose thread all methods are called."""

    def __init__(self, application: Application, host: str, port: int) -> None:
        """Raises NotLoopbackError."""
        self.host = check_loopback(host)
        self.port = port
        self._application = application
        self._control = ControlApi(application)
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self._reopening: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._changing = asyncio.Lock()

    async def open(self) -> None:
        """Starts listening; afterwards `port` is the real one. Raises OSError when the port is taken."""
        self._held = self._bind()
        self.port = self._held.getsockname()[1]
        await self.refresh()

    async def close(self) -> None:
        """Stops listening and ends every connection."""
        if self._reopening is not None:
            self._reopening.cancel()
        for task in self._tasks:
            task.cancel()
        if self._server is not None:
            self._server.close()
        if self._held is not None:
            self._held.close()
        for connection in list(self._connections):
            connection.reset()
        # One turn of the loop each for the transports to see it and to say goodbye.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def refresh_soon(self) -> None:
        """Brings listening in line with the faults, after what is being sent has gone out."""
        task = asyncio.get_running_loop().create_task(self.refresh())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def refresh(self) -> None:
        """Brings listening in line with the faults, now."""
        async with self._changing:
            refused_for = self._application.faults.refused_for()
            if self._reopening is not None:
                self._reopening.cancel()
                self._reopening = None
            if refused_for is None:
                await self._listen()
                return
            await self._refuse()
            if refused_for != float("inf"):
                loop = asyncio.get_running_loop()
                # A breath later than the fault's end, so that it is over by then.
                self._reopening = loop.call_later(refused_for + 0.005, self.refresh_soon)

    async def _listen(self) -> None:
        if self._held is not None:
            sock, self._held = self._held, None
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._connection, sock=sock, backlog=1024)

    async def _refuse(self) -> None:
        """Nobody listens, and yet the port stays bound: the system refuses whoever knocks."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._held = await self._bind_again()
        for connection in list(self._connections):
            if not connection.is_control:
                connection.reset()

    async def _bind_again(self) -> socket.socket:
        deadline = asyncio.get_running_loop().time() + 5
        while True:
            try:
                return self._bind()
            except OSError:
                # The event loop closes the old socket in its own time.
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.002)

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind((self.host, self.port))
        except OSError:
            sock.close()
            raise
        return sock

    def _connection(self) -> Connection:
        return Connection(self._application, self._control.handle, self._connections)
