"""The exported file: whole, readable, and a second home of the same configuration."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webapp.services import configuration


def test_it_changes_nothing(any_ctx, full):
    configuration.apply(full)
    exported = configuration.export()
    assert configuration.apply(exported) == []
    assert configuration.apply(exported, prune=True) == []
    assert configuration.export() == exported


def test_of_nothing_it_changes_nothing(ctx):
    assert configuration.apply(configuration.export(), prune=True) == []


def test_it_is_the_same_in_another_home(ctx, full, fresh_app, tmp_path):
    configuration.apply(full)
    exported = configuration.export()
    with fresh_app(tmp_path / "other") as other, other.app_context():
        configuration.apply(exported.replace("username: app", "username: app\n    secret: {value: x}"))
        assert configuration.export() == exported


def test_sections_and_keys_are_in_the_order_of_the_design(ctx, full):
    configuration.apply(full)
    exported = yaml.safe_load(configuration.export())
    assert list(exported) == [
        "credentials",
        "smtp_accounts",
        "inbox_accounts",
        "parameters",
        "contacts",
        "groups",
        "notifications",
        "event_types",
        "certificates",
        "texts",
    ]
    assert list(exported["smtp_accounts"][0]) == [
        "name",
        "enabled",
        "default",
        "sender_email",
        "sender_name",
        "reply_email",
        "return_path_email",
        "return_path_plus",
        "confirmation_email",
        "send_read_receipt",
        "force_settings",
        "footer",
        "host",
        "port",
        "secure",
        "security",
        "ignore_certificate_errors",
        "pinned_certificate",
        "authenticate",
        "credential",
        "max_connections",
        "max_per_minute",
        "fallback",
    ]
    assert exported["smtp_accounts"][1]["reply_email"] is None
    assert exported["credentials"] == [{"name": "relay", "kind": "password", "username": "app"}]
    assert [entry["name"] for entry in exported["smtp_accounts"]] == ["Relay", "Second"]


def test_it_is_readable(ctx, full):
    configuration.apply(
        full.replace("{name: Bea,", "{name: Beatriz Conceição,").replace("[Bea,", "[Beatriz Conceição,")
    )
    exported = configuration.export()
    assert "name: Beatriz Conceição" in exported
    assert "contacts: [Ana, Beatriz Conceição]" in exported
    assert "body: |-\n      B\n\n        more\n" in exported
    assert "&id" not in exported


WORDS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cf", "Cs"), exclude_characters="\u2028\u2029", include_characters="\t"
    ),
    max_size=40,
)
LINES = st.lists(WORDS, min_size=1, max_size=5).map("\n".join)


def _accepted(entry: dict[str, Any]) -> bool:
    return bool(entry["name"].strip() and entry["body"].strip() and entry["subject"].strip())


ENTRIES = st.fixed_dictionaries(
    {"name": WORDS, "subject": WORDS, "body": LINES, "footer": LINES, "sender": WORDS, "enabled": st.booleans()}
).filter(_accepted)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ENTRIES)
def test_whatever_was_accepted_comes_back(ctx, entry):
    document = {
        "contacts": [{"name": entry["name"], "enabled": entry["enabled"]}],
        "groups": [{"name": entry["name"], "contacts": [entry["name"]]}],
        "smtp_accounts": [
            {
                "name": entry["name"],
                "sender_email": "a@b",
                "sender_name": entry["sender"],
                "default": True,
                "host": "h",
                "port": 25,
            }
        ],
        "parameters": {"footer_text": entry["footer"]},
        "texts": [{"type": "backup.late", "channel": "email", "subject": entry["subject"], "body": entry["body"]}],
    }
    configuration.apply(yaml.safe_dump(document, allow_unicode=True), prune=True)
    exported = configuration.export()
    assert configuration.apply(exported, prune=True) == []
    assert configuration.export() == exported
    assert (yaml.safe_load(exported)["parameters"]["footer_text"] or "") == entry["footer"]
