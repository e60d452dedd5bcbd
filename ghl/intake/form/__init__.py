"""The public card form: pages for people's telephones, without scripts, cookies or anything from elsewhere.

GET /c/{church} ──► known (a few seconds old at most) ──► pages
POST /c/{church} ─► entry ─► checks ─► limits ─► saving: one transaction ─► 303 to /c/{church}/thanks
                      └──────────┴─ told at the fields, everything typed kept
A form needs no protection against being sent from other sites: it knows no cookie and nobody is signed in.
"""
