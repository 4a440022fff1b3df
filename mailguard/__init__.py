"""Mailguard: watches a school's mail for pupil and parent contact with staff, holds it, and reports it."""

__version__ = "0.1.0"
