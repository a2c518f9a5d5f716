"""The Flask application class: what happens around every view, in this order, all in one transaction."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask

from pro_service.http import authentication, body, csrf, idempotency, transaction


class Service(APIFlask):
    """A Flask application whose every request is one transaction, finished before the answer is written."""

    def __init__(self, import_name: str, *, title: str, version: str) -> None:
        """No page, script or folder of APIFlask's or Flask's own: everything served stands in a blueprint."""
        nothing: Any = None
        super().__init__(
            import_name, title=title, version=version, spec_path=None, docs_path=None, static_folder=nothing
        )

    def ensure_sync(self, func: Any) -> Any:
        """Every function here is an ordinary one; to ask that of each on each request costs as much as to route it."""
        return func

    def dispatch_request(self) -> Any:
        """Who asks, did their own site ask, have we answered this before; then the view."""
        with transaction.begin():
            body.check_address()
            csrf.check()
            authentication.check()
            return idempotency.once(super().dispatch_request)

    def _register_schema_and_get_ref(self, _spec: Any, _registered: Any, schema_obj: Any) -> dict[str, str]:
        """Let apispec keep the schemas: APIFlask forgets those first met inside another, and makes a second of them."""
        converter: Any = self._ma_plugin.converter
        reference: dict[str, str] = converter.resolve_nested_schema(schema_obj)
        return reference
