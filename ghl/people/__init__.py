"""People who sign in: who they are, what they may do, one-time links, and where they are signed in.

All of it runs in `Database.identity()`, which sees no card. No password exists anywhere.
"""
