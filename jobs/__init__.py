"""Processes: wake-ups over RQ, the dispatcher, the scheduler, the supervisor and the `hub` command.

They join the core (`ghl`) to the machine; the rules themselves stand in the core.
"""
