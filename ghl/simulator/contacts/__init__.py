"""Contacts of a location: the record, its store, reading what a client sends, showing it, finding it, the routes."""
