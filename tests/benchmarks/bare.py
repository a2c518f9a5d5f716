"""The limit: the barest Flask application on the same server, one pooled psycopg statement per request."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, Response, request
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

TABLE = "CREATE TABLE IF NOT EXISTS bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, answers jsonb NOT NULL)"


def create() -> Flask:
    """Insert the answers of a request as one JSON row; read one row by its key and answer it."""
    app = Flask("bare")
    pool = ConnectionPool(os.environ["BARE_DATABASE_URL"], min_size=1, max_size=16, open=True)

    @app.post("/answers")
    def insert() -> Any:
        with pool.connection() as connection:
            connection.execute("INSERT INTO bare (answers) VALUES (%s)", [Jsonb(request.get_json()["answers"])])
        return {"ok": True}

    @app.get("/rows/<int:row_id>")
    def read(row_id: int) -> Any:
        with pool.connection() as connection:
            row = connection.execute("SELECT answers::text FROM bare WHERE id = %s", [row_id]).fetchone()
        return Response(row[0] if row else "{}", mimetype="application/json")

    @app.get("/healthz")
    def healthz() -> Any:
        return {"status": "ok"}

    return app
