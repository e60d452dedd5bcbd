"""What stands behind *Review new cards*: one card at a time and its reviewer, who has it alone for that time."""
