"""PostgreSQL: tables, migrations and the only place that commits. It knows no HTTP and no Redis."""
