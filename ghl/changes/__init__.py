"""The change log for people: what each entry says in words, entries by filter and page, and as a file."""
