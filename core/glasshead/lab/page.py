"""A Page: an experiment as it is told, the same on the screen, at the command line and in a notebook."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from glasshead.errors import GlassheadError
from glasshead.lab.exhibits import Exhibit
from glasshead.lab.tools.checks import SEEDS

Value = int | float | str | bool
Size = Literal["usual", "quick", "full"]
LETTERS = "abcd"
"""What the answers to a question are called."""
LONGEST = 10_000
"""Characters of a text that somebody gives."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """One argument of an experiment that a person may change."""

    name: str
    """The keyword of the function; at the command line --name."""
    usual: Value
    """What it is if nobody says otherwise; its type is the type of every value."""
    help: str
    """A sentence without its full stop: what it is, in which unit."""
    stops: tuple[Value, ...] = ()
    """What the arrow keys go through, in order."""
    least: float | None = None
    most: float | None = None
    choice: bool = False
    """Whether the stops are all that there is."""
    quick: Value | None = None
    """What it is for a quick look, where that differs."""
    full: Value | None = None
    """What it is for a thorough one, where that differs."""

    def of(self, size: Size) -> Value:
        """Its value for a size of the experiment."""
        given = {"usual": None, "quick": self.quick, "full": self.full}[size]
        return self.usual if given is None else given

    def read(self, text: str) -> Value:
        """The value that was typed. Raises GlassheadError, in a sentence, for what it cannot be."""
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
        """The value, if it can be one. What depends on other arguments the experiment itself looks at."""
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
    """The control of an experiment's seed. help: what another one changes."""
    return Control(name="seed", usual=0, help=help, stops=(0, 1, 2, 3), least=0, most=SEEDS)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked before the experiment runs. Which answer is right, the numbers decide."""

    text: str
    answers: tuple[str, ...]

    @property
    def letters(self) -> str:
        """What its answers are called."""
        return LETTERS[: len(self.answers)]

    def read(self, text: str) -> int:
        """The number of the answer that a letter stands for. Raises GlassheadError for anything else."""
        typed = text.strip().lower()
        if len(typed) != 1 or typed not in self.letters:
            raise GlassheadError(f"{text!r} is no answer: it is one of {', '.join(self.letters)}.")
        return self.letters.index(typed)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the numbers say to the question."""

    answer: int
    """Which answer they support, counted from 0."""
    sentence: str
    """The finding, with its figures."""


@dataclass(frozen=True, kw_only=True)
class Try:
    """How to see it in a decode: what the explorer is set to, and what to look at there."""

    sentence: str
    """What to do and what will be seen."""
    text: str = ""
    """The source, for the bundled english-french; of another model, its own first example."""
    steps: int = 3
    stack: Literal["encoder", "decoder"] = "decoder"
    kind: Literal["self", "cross"] = "cross"
    layer: int = 0
    head: int = 0
    stage: Literal["scores", "masked", "weights"] = "weights"
    pane: Literal["map", "attention", "sum", "vectors", "norms"] = "attention"
    change: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the model's Config that are changed, e.g. {"scale": False}; the explorer says so, and undoes it."""
    changed: str = ""
    """The change in a few words: "without 1/√d_k"."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One experiment. Text is ours, so it may be shown as it is; what exhibits hold may come from a person's text."""

    name: str
    title: str
    """A few words."""
    claim: str
    """What is claimed, in a sentence: a line in the list of experiments."""
    paragraphs: tuple[str, str, str]
    """The claim and where it stands; what is done here; what to look at, and what it does not show."""
    question: Question
    controls: tuple[Control, ...]
    run: Callable[..., Any]
    """The experiment: all controls as keywords, `told`, and `subject` if it takes a model; its frozen result.

    Raises GlassheadError for arguments that cannot be, and whatever `told` raises."""
    judge: Callable[[Any], Verdict]
    """result → which answer is right."""
    exhibits: Callable[[Any], tuple[Exhibit, ...]]
    """result → what is shown of it, the most telling first."""
    attempt: Try
    sources: tuple[str, ...]
    """Where the claim, and what is said against it, can be read."""
    result: str
    """The class of the result, e.g. "glasshead.lab.scaling:Scaling": named, so that a page costs no torch."""
    model: bool = False
    """Whether it runs on a trained model, `subject`."""
    trained: bool = False
    """Whether it trains models: then the result of its full size is shipped."""

    def values(self, size: Size = "usual") -> dict[str, Value]:
        """Every control's value for a size."""
        return {control.name: control.of(size) for control in self.controls}

    def control(self, name: str) -> Control:
        """One of the controls. Raises KeyError for a name that is none."""
        return {control.name: control for control in self.controls}[name]
