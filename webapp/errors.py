"""Errors that a person may read. Everything else is a bug and is answered as one."""

from __future__ import annotations

from dataclasses import dataclass


def N_(words: str) -> str:
    """Marks words for the translation catalogue; they are translated where they are shown."""
    return words


class ArautoError(Exception):
    """Base of every error whose words are meant for the person who caused it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: `path` names the field (`smtp_accounts[0].port`), `words` say what to do."""

    path: str
    words: str

    def __str__(self) -> str:
        return f"{self.path}: {self.words}" if self.path else self.words


class InvalidInput(ArautoError):
    """The input was refused; nothing was changed. Carries every problem found, not only the first."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__("; ".join(str(problem) for problem in problems))

    @classmethod
    def at(cls, path: str, words: str) -> InvalidInput:
        """A refusal with a single problem."""
        return cls([Problem(path, words)])


class NotFound(ArautoError):
    """There is no such thing."""


class Conflict(ArautoError):
    """The thing exists, but its present state forbids what was asked."""


class EditedMeanwhile(Conflict):
    """Somebody else changed the thing after it was read; nothing was overwritten."""


class SettingsError(ArautoError):
    """The environment does not allow a start: names the setting and what it should be."""


class SchemaBehind(ArautoError):
    """The database is not at the schema of this program."""


class DatabaseBusy(ArautoError):
    """The database could not take the write in time; nothing was changed and a retry is right."""
