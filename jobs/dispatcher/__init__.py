"""The dispatcher of a worker process: many churches at once over shared threads, one turn at a time each.

`dispatcher` coordinates, `church_run` does a church's turn, `permit` guards each send, `probe` tests GoHighLevel
after an outage. The rules of delivery stand in `ghl.delivery`.
"""
