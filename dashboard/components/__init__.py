"""Pieces of pages: each draws one thing from values it is given, and reads nothing."""
