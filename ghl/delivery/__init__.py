"""Delivery: claim rows of the outbox, call GoHighLevel, settle. No transaction is open during a call."""
