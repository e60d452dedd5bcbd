"""*Churches*, *Church* and *People*: for who runs the installation. Numbers and teams; no card, no guest."""
