"""The encryption keys: where they come from, whether they are the right ones, and changing to a new one."""
