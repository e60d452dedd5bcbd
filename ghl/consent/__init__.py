"""Who may be written to, and who may not: what people said, and how GoHighLevel is told."""
