"""The HTTP ways in: cards from other systems, and the card form (`ghl/intake/form`). It saves to PostgreSQL and opens no other connection.

POST /api/v1/cards ──► middleware ──► cards ──► receive ──► one transaction: card, outbox row, answer
                        request id     key, body   idempotency            │
                        log, errors    bounds                             └─ after the commit: on_saved(church)
"""
