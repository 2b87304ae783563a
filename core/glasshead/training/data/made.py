"""Preparing a corpus from a recipe, which makes its pairs as they are needed."""

from itertools import islice
from pathlib import Path
from typing import Any

from glasshead.recipes import recipe
from glasshead.training.data.pairs import Line, Report
from glasshead.training.data.splits import full
from glasshead.training.data.stages import RECIPE_PAIRS, TOKENS_A_PAIR, Preparation
from glasshead.training.events import Preparing
from glasshead.training.settings import Settings


class Made(Preparation):
    """Pairs that a recipe makes. Duplicates and copies among them are kept."""

    stages = ("learn", "hold", "encode", "finish")

    def __init__(self, folder: Path, settings: Settings, *rest: Any) -> None:
        super().__init__(folder, settings, *rest)
        assert self.settings.recipe is not None
        self.recipe = recipe(self.settings.recipe)
        if "count" not in self.state:
            self.state["count"] = self._count()

    def _count(self) -> int:
        """Count the pairs to make: the requested number, else the number that the steps take if no pair comes twice."""
        settings = self.settings
        if settings.generate is not None:
            return settings.generate
        # Independent of the processes and batches of an update: the same work may be divided in many ways.
        taken = settings.steps * settings.batch_tokens // TOKENS_A_PAIR
        return max(RECIPE_PAIRS, min(taken, self.recipe.size))

    def learn(self) -> None:
        """Learn the vocabulary from the first pairs."""
        count = min(RECIPE_PAIRS, self.state["count"])
        self.learn_from(
            lambda: islice(self.recipe.pairs("train", self.settings.seed), count), count, self.recipe.vocab_size
        )

    def hold(self) -> None:
        """Make the pairs that are held back; `Corpus.pairs` makes more on request."""
        self.poll(f"making {self.recipe.name} pairs")
        (valid,) = self.splits("valid")
        report = Report(f"{self.recipe.name}, held back", "pair")
        for number, pair in enumerate(self.recipe.sample("valid", self.settings.eval_size), 1):
            report.pairs += 1
            valid.add(Line(*pair, number, number))
        valid.flush(report, texts=True)
        if report.left_out:
            self.state["lines"] += report.lines()

    def encode(self) -> None:
        """Make the pairs to train on, and encode them."""
        (train,) = self.splits("train")
        state, total = self.state["report"], self.state["count"]
        report = Report(self.recipe.name, "pair") if state is None else Report.of(state)
        draw = self.recipe.chance("train", self.settings.seed)
        if state is not None:
            version, numbers, gauss = self.state["draw"]
            draw.setstate((version, tuple(numbers), gauss))
        what = f"making {self.recipe.name} pairs"
        made = self.recipe.pairs("train", self.settings.seed, draw)
        for number, pair in enumerate(islice(made, total - report.pairs), report.pairs + 1):
            report.pairs += 1
            train.add(Line(*pair, number, number))
            if full(train):
                train.flush(report, texts=False)
                self.step(what, number, total, report=report.state(), draw=draw.getstate())
        train.flush(report, texts=False)
        self._progress(Preparing(what, total, total))
        self.state["lines"] = [*report.lines(), *self.state["lines"]]
