"""What waits for a person: its groups by cause, retrying many at once, mending one field, and what was mended last."""
