"""Cards: what is written on one, whether two say the same, and who it speaks of. Knows no screen."""
