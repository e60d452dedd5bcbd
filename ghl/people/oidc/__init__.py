"""Signing in with the account of an identity provider: OpenID Connect, authorization code with PKCE.

`flow` remembers which browser was sent there, `provider` speaks to it, `proof` decides what its answer proves. It makes
no account and no session: `ghl.people.identities` does, with what was proven.
"""
