"""What stands behind *Import a list*: one list a person and tab, step by step; nothing is saved before the last."""
