"""Hash chains over the change log: one a church and one for the installation. The why: docs/adr/0016-audit-chain.md.

`hashing` is the rule, `seal` gives entries their place off the hot path, `verify` reads chains again, `watch` does so
bit by bit for the page. Nothing here changes an entry.
"""
