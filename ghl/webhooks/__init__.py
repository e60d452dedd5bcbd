"""What GoHighLevel tells us: signed app webhooks, and the workflows that a church builds there. The why: docs/adr/0021.

`signature` and `secrets` say who may, `event` reads a body, `receive` stores it, `handle` does what follows, `reading`
and `replay` are the page's side. Only `receive` runs while GoHighLevel waits: it stores and answers.
"""
