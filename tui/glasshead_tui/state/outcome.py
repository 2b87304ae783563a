"""Outcome: an experiment's result and its verdict, the same for the screen and the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glasshead.lab.page import Page, Value, Verdict

if TYPE_CHECKING:
    from glasshead.lab.exhibits import Exhibit


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A result, its verdict, and its origin."""

    result: Any
    values: Mapping[str, Value]
    """Controls of the run."""
    verdict: Verdict
    exhibits: "tuple[Exhibit, ...]"
    seconds: float
    made_on: str | None = None
    """Place of the run, for a shipped result."""

    @classmethod
    def of(
        cls, page: Page, result: Any, values: Mapping[str, Value], seconds: float, made_on: str | None = None
    ) -> "Outcome":
        """Judge a result."""
        return cls(
            result=result,
            values=dict(values),
            verdict=page.judge(result),
            exhibits=page.exhibits(result),
            seconds=seconds,
            made_on=made_on,
        )
