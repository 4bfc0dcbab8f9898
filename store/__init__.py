"""The case store: documents, their audit log, API keys and look-ups, on SQLite or PostgreSQL.

Knows policy/ alone. Nothing can be written without its audit row, in the same transaction.
"""
