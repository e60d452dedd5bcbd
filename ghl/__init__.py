"""The core of Church Connect Hub: GoHighLevel ("GHL"), the database and the rules between them.

It never imports Streamlit or RQ, and never the packages above it (`jobs`, `dashboard`).
"""
