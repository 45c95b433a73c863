"""Redirects stay on this site."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.views.redirects import path_of, safe_path

ELSEWHERE = [
    *("//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https://evil.example/"),
    *("javascript:alert(1)", "%2f%2fevil.example", "/\t/evil.example", "/\r\nSet-Cookie:a=b", "/ /evil", "evil", ""),
    *("///evil.example", "/login", "/login?next=/", "/logout", "/\x00", "http://[", "//[", "/\x7f"),
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_elsewhere_becomes_the_overview(target: str) -> None:
    assert safe_path(target) == "/"


@pytest.mark.parametrize("target", ["/", "/outbox", "/outbox?state=sent&text=%2f%2fx", "/events/7#top", "/a//b"])
def test_a_path_of_this_site_stays(target: str) -> None:
    assert safe_path(target) == target


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://localhost/health?x=1", "/health?x=1"),
        ("http://evil.example/health", "/"),
        ("http://localhost.evil.example/health", "/"),
        ("http://localhost//evil.example", "/"),
        ("http://[", "/"),
        (None, "/"),
    ],
)
def test_only_this_site_s_addresses_have_a_path(app: Flask, url: str | None, path: str) -> None:
    with app.test_request_context("/", base_url="http://localhost"):
        assert path_of(url) == path
