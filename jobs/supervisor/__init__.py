"""What `hub up` does: starts every part of the hub, watches them, and leaves nothing behind."""
