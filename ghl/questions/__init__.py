"""Questions to GoHighLevel: what a screen wants to see there, asked by a row that a worker answers ahead of cards.

`kinds` says what can be asked, `ask` is the screen's side, `take` the worker's. The why: docs/adr/0010-questions.md.
"""
