"""The staff dashboard in Streamlit: sign-in, navigation and what the pages share.

It reads and files work through the core, and never opens a connection to GoHighLevel.
"""
