"""Texts and e-mails: asked for, sent once, followed until they arrived."""
