"""What the simulator tells others: signed app webhooks and the unsigned ones of a church's workflow.

`events` and `bodies` say what is told, `listening` keeps who listens, `deliveries` when it goes out, `courier` sends it.
"""
