"""*Connection*: where an admin pastes, tries, changes and takes away the church's token."""
