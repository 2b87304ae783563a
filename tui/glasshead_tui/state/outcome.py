"""Outcome: what an experiment found and what that says, the same for the screen and for the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glasshead.lab.page import Page, Value, Verdict

if TYPE_CHECKING:
    from glasshead.lab.exhibits import Exhibit


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A result, what it says, and how it came about."""

    result: Any
    values: Mapping[str, Value]
    """The controls it was made with."""
    verdict: Verdict
    exhibits: "tuple[Exhibit, ...]"
    seconds: float
    made_on: str | None = None
    """Where it was made, of a result that comes with the program."""

    @classmethod
    def of(
        cls, page: Page, result: Any, values: Mapping[str, Value], seconds: float, made_on: str | None = None
    ) -> "Outcome":
        """What a result says."""
        return cls(
            result=result,
            values=dict(values),
            verdict=page.judge(result),
            exhibits=page.exhibits(result),
            seconds=seconds,
            made_on=made_on,
        )
