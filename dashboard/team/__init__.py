"""*Team*: who works for a church, letting somebody in, and the question whether support may look."""
