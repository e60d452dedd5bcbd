"""A part as small as one can be: `small_part.py EVENTS NAME [PORT]` answers 200, and notes its start and stop."""

import http.server
import os
import signal
import sys
import threading


def main() -> None:
    events, name, *port = sys.argv[1:]

    def note(what: str) -> None:
        file = os.open(events, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, f"{what} {name} {os.getpid()}\n".encode())
        os.close(file)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=stop.set).start())
    if port:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port[0])), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    note("started")
    if os.environ.get("BROKEN_PART") == name:
        sys.stderr.write("this part is broken\n")
        sys.exit(3)
    if os.environ.get("STUBBORN_PART") == name:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # A wait without an end would not let the signal's handler run on every system.
    while not stop.wait(0.05):
        pass
    note("stopped")


if __name__ == "__main__":
    main()
