"""What stands behind the pages where cards are typed and reviewed: one desk a person and tab, and what it saves."""
