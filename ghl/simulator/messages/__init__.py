"""Messages in the simulator: what may be sent, what becomes of it on the clock, and what people answer."""
