"""Taking people and churches out of the hub, and what is old. The why: docs/adr/0017-erasing.md.

`people` decides who is meant, `ask` takes the request, `erase` carries it out, `contacts` removes contacts in
GoHighLevel, `proofs` is what stays of consent, `church` removes a church, `retention` what was kept long enough.
Only this package opens `Database.erasing`.
"""
