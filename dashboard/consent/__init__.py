"""The pages about consent: may we text somebody, what was said, and the words for all of it."""
