"""*News from GoHighLevel*: what it told us, what followed, and where it and our log of stops differ."""
