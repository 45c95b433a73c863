"""How passwords are kept."""

from __future__ import annotations

from argon2 import PasswordHasher, Type

from webapp.services import passwords


def test_hashes_cost_what_the_standard_asks_for(earnest_hasher: PasswordHasher) -> None:
    """The second choice of RFC 9106, section 4: for where 2 GiB of memory are too much."""
    assert earnest_hasher.type is Type.ID
    assert (earnest_hasher.time_cost, earnest_hasher.memory_cost, earnest_hasher.parallelism) >= (3, 65536, 4)


def test_a_hash_is_of_one_password_and_of_no_other() -> None:
    stored = passwords.digest("correct horse")
    assert passwords.matches("correct horse", stored)
    assert not passwords.matches("correct horse ", stored)
    assert not passwords.matches("correct horse", "!")
    assert not passwords.matches("nobody signs in with this", None)
    assert passwords.digest("correct horse") != stored
