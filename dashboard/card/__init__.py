"""The page of one card: what it reads, what it says, and what its buttons do. It draws nothing."""
