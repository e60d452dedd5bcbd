"""Texts and e-mails on the screens: the log, what a person can do about one, and the line on Home."""
