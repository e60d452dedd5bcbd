"""The roles a transaction steps into, and how long anything may take in one. Names only; it opens nothing."""

TENANT_ROLE = "hub_tenant"
SYSTEM_ROLE = "hub_system"
IDENTITY_ROLE = "hub_identity"
ERASER_ROLE = "hub_eraser"

# Nothing that the hub does in one statement takes seconds; what does is stuck and must not hold locks.
SERVER_OPTIONS = (
    "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000"
    " -c timezone=UTC"
)
