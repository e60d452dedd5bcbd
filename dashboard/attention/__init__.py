"""The page *Needs attention*: what it reads, what it says, and what its buttons do. It draws nothing."""
