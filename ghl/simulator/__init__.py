"""A local GoHighLevel, as strict and as nasty as the real one, for the demo and for tests.

`wire` and `protocol` speak HTTP, `application` decides (gate, limits, faults, routes), `state` keeps what is
known, `server` and `serve` are the doors. A family of endpoints is a module with a tuple `ROUTES` that
`application` lists. It binds loopback only and takes fake tokens only.
"""
