"""The web application: a table of contents. `create_app(runtime)` builds it, `from_environment()` serves it."""

from __future__ import annotations

from flask import Flask

from pro_service import __version__, api, web
from pro_service.http import access_log, compression, errors, headers, limits, operations
from pro_service.http.service import Service
from pro_service.observability import configure
from pro_service.runtime import Runtime, build
from pro_service.settings import from_environment as settings_from_environment


def create_app(runtime: Runtime) -> Flask:
    """The application over one runtime."""
    app = Service("pro_service", title="PRO service", version=__version__)
    app.extensions["runtime"] = runtime
    access_log.install(app)
    settings = runtime.settings
    limits.install(app, redis_url=settings.redis_url, trusted_proxies=settings.trusted_proxies)
    compression.install(app)
    headers.install(app, base_url=runtime.settings.base_url)
    errors.install(app, page=web.problem_page)
    app.register_blueprint(operations.bp)
    api.install(app)
    web.install(app)
    return app


def from_environment() -> Flask:
    """What the WSGI server loads: settings from PRO_* variables, logs as JSON lines."""
    settings = settings_from_environment()
    configure(settings.log_level)
    return create_app(build(settings))
