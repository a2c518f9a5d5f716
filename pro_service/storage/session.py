"""A database session: one Core connection inside one transaction. No ORM object per row, on purpose.

A transaction that wrote to an audited table without an audit line refuses to commit (`Unaudited`).
"""

from __future__ import annotations

from sqlalchemy import Connection

Session = Connection
