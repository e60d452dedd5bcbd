"""What who runs the installation sees of its churches: how they stand and how far they are set up.

It goes through the system's narrow role and sign-in's, so it can show no card and no guest.
"""
