"""*Messages*: the words a church sends by text and e-mail, and its rules for sending them."""
