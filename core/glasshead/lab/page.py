"""A Page: the description of an experiment, the same on the screen, on the command line and in a notebook."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from glasshead.errors import GlassheadError
from glasshead.lab.exhibits import Exhibit
from glasshead.lab.tools.checks import SEEDS

Value = int | float | str | bool
Size = Literal["usual", "quick", "full"]
LETTERS = "abcd"
"""Letters of the answers to a question."""
LONGEST = 10_000
"""Most characters of a text that a person gives."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """One argument of an experiment that a person may change."""

    name: str
    """Keyword of the function, and `--name` on the command line."""
    usual: Value
    """Default value; its type is the type of every value."""
    help: str
    """A sentence without its full stop: the meaning and the unit."""
    stops: tuple[Value, ...] = ()
    """Values that the arrow keys step through, in order."""
    least: float | None = None
    most: float | None = None
    choice: bool = False
    """Whether no values but the stops are allowed."""
    quick: Value | None = None
    """Value for a quick look, where it differs."""
    full: Value | None = None
    """Value for a thorough look, where it differs."""

    def of(self, size: Size) -> Value:
        """Return the value for a size of the experiment."""
        given = {"usual": None, "quick": self.quick, "full": self.full}[size]
        return self.usual if given is None else given

    def read(self, text: str) -> Value:
        """Parse a typed value. Raises GlassheadError, in a sentence, for text that is no allowed value."""
        typed = text.strip()
        if isinstance(self.usual, bool):
            words = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
            if typed.lower() not in words:
                raise GlassheadError(f"{self.name} is {typed!r}; it is yes or no.")
            return words[typed.lower()]
        if isinstance(self.usual, str):
            return self.check(text)
        try:
            number = int(typed.replace("_", "")) if isinstance(self.usual, int) else float(typed)
        except ValueError:
            kind = "a whole number" if isinstance(self.usual, int) else "a number"
            raise GlassheadError(f"{self.name} is {typed!r}; it must be {kind}.") from None
        return self.check(number)

    def check(self, value: Value) -> Value:
        """Return the value if this control allows it. The experiment checks what depends on other arguments."""
        if self.choice and value not in self.stops:
            raise GlassheadError(f"{self.name} is {value!r}; it is one of {', '.join(map(str, self.stops))}.")
        if isinstance(value, str):
            if len(value) > LONGEST:
                raise GlassheadError(f"{self.name} has {len(value):,} characters; at most {LONGEST:,} are read.")
        elif self.least is not None and not value >= self.least:
            raise GlassheadError(f"{self.name} is {value:,}; it must be at least {self.least:,}.")
        elif self.most is not None and not value <= self.most:
            raise GlassheadError(f"{self.name} is {value:,}; it must be at most {self.most:,}.")
        return value


def seeded(help: str) -> Control:
    """Make the control of an experiment's seed. help: the effect of another seed."""
    return Control(name="seed", usual=0, help=help, stops=(0, 1, 2, 3), least=0, most=SEEDS)


@dataclass(frozen=True, kw_only=True)
class Question:
    """The question asked before the experiment runs. The numbers decide which answer is right."""

    text: str
    answers: tuple[str, ...]

    @property
    def letters(self) -> str:
        """Letters of its answers."""
        return LETTERS[: len(self.answers)]

    def read(self, text: str) -> int:
        """Return the index of the answer with a letter. Raises GlassheadError for anything else."""
        typed = text.strip().lower()
        if len(typed) != 1 or typed not in self.letters:
            raise GlassheadError(f"{text!r} is no answer: it is one of {', '.join(self.letters)}.")
        return self.letters.index(typed)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer that the numbers support."""

    answer: int
    """Index of the supported answer, from 0."""
    sentence: str
    """The finding, with its figures."""


@dataclass(frozen=True, kw_only=True)
class Try:
    """Settings of the explorer that show the finding in a decode, and what to look at."""

    sentence: str
    """What to do and what will be seen."""
    text: str = ""
    """Source text for the bundled english-french; another model uses its own first example."""
    steps: int = 3
    stack: Literal["encoder", "decoder"] = "decoder"
    kind: Literal["self", "cross"] = "cross"
    layer: int = 0
    head: int = 0
    stage: Literal["scores", "masked", "weights"] = "weights"
    pane: Literal["map", "attention", "sum", "vectors", "norms"] = "attention"
    edits: tuple[str, ...] = ()
    """Edits that show it, as `edits.language` reads them."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One experiment. Its text is ours and safe to show; exhibits may hold text that a person gave."""

    name: str
    title: str
    """A few words."""
    claim: str
    """The claim in one sentence. It answers the question, so it is shown after it."""
    paragraphs: tuple[str, str, str]
    """What there is to know before the question, and its source; the method; what to look at, and what the experiment
    does not show."""
    question: Question
    controls: tuple[Control, ...]
    run: Callable[..., Any]
    """The experiment. Takes all controls as keywords, `progress`, and `subject` if it needs a model; returns a frozen
    result.

    Raises GlassheadError for invalid arguments, and whatever `progress` raises.
    """
    judge: Callable[[Any], Verdict]
    """Result → the verdict."""
    exhibits: Callable[[Any], tuple[Exhibit, ...]]
    """Result → its exhibits, the most telling first."""
    attempt: Try
    sources: tuple[str, ...]
    """References for the claim and for the criticism of it."""
    result: str
    """Class of the result, e.g. "glasshead.lab.scaling:Scaling": a name, so that a page does not import torch."""
    model: bool = False
    """Whether it needs a trained model, `subject`."""
    trained: bool = False
    """Whether it trains models. If so, the result of its full size ships with the program."""

    def values(self, size: Size = "usual") -> dict[str, Value]:
        """Return the value of every control for a size."""
        return {control.name: control.of(size) for control in self.controls}

    def control(self, name: str) -> Control:
        """Return a control by its name. Raises KeyError for an unknown name."""
        return {control.name: control for control in self.controls}[name]
