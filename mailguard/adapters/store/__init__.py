"""The store on SQLAlchemy Core:

SQLite for one school, PostgreSQL for many; one schema, moved forward by alembic.
"""
