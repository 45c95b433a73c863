"""The pages. `register` binds every blueprint; a route without an access rule is refused."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

# One package per menu entry; each has a `blueprint`.
SECTIONS = (
    *("overview", "outbox", "inbox", "events", "audit", "sandbox", "signin", "profile", "probes"),
    *("notifications", "contacts", "groups"),
    *("smtp_accounts", "inbox_accounts", "credentials", "certificates", "parameters", "jobs", "users", "tokens"),
)
DEVELOPMENT = ("styleguide",)


def register(app: Flask) -> None:
    """Bind all pages to `app`. Raises RuntimeError for a route that does not say who may use it."""
    from webapp.views import cookies, errors, hygiene, policy, proxies, templating, url_rules

    app.url_rule_class = url_rules.LateRule
    app.session_interface = cookies.SessionCookie()
    hygiene.install(app)
    templating.install(app)
    errors.install(app)
    for section in (*SECTIONS, *(DEVELOPMENT if app.debug or app.testing else ())):
        app.register_blueprint(import_module(f"webapp.views.{section}").blueprint)
    policy.install(app)
    app.wsgi_app = proxies.TrustedProxies(app.wsgi_app, app.config["ARAUTO_TRUSTED_PROXIES"])  # type: ignore[method-assign]
