"""The client of GoHighLevel, and what keeps its calls within budget and reason."""
