"""How a benchmark measures and what it says: contenders in turn, medians, and one line for each target."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping

Contender = Callable[[], Mapping[str, float]]


def medians(rounds: int, *contenders: Contender) -> dict[str, float]:
    """Run the contenders in turn, `rounds` times; the median of every figure that they tell.

    The machine is slower in one minute than in the next: only what was measured in turn can be compared.
    """
    told: dict[str, list[float]] = {}
    for _ in range(rounds):
        for contender in contenders:
            for name, figure in contender().items():
                told.setdefault(name, []).append(figure)
    return {name: statistics.median(figures) for name, figures in told.items()}


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of all values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def at_least(what: str, figure: float, target: float, detail: str = "") -> None:
    """Say a figure that should be `target` or more."""
    _say(what, figure, "≥", target, figure >= target, detail)


def at_most(what: str, figure: float, target: float, detail: str = "") -> None:
    """Say a figure that should be `target` or less."""
    _say(what, figure, "≤", target, figure <= target, detail)


def _say(what: str, figure: float, sign: str, target: float, met: bool, detail: str) -> None:
    verdict = "met" if met else "MISSED"
    print(
        f"{verdict:6} {what}: {_figure(figure)} (target {sign} {_figure(target)}){detail and f'; {detail}'}", flush=True
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
