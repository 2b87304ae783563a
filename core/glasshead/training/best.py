"""The best evaluation of a training so far, and how many have passed since one of its scores got better.

BLEU of a few hundred sentences goes up and down by itself, so the best checkpoint is the one with the lowest
perplexity. Overfitting shows there before it shows in the translations: a training ends early only when neither of the
two gets better.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasshead.training.evaluate import Scores


@dataclass(frozen=True, slots=True)
class Best:
    """What the evaluations up to now have found."""

    step: int = 0
    """The step with the lowest perplexity; 0 before the first evaluation."""
    perplexity: float = 0.0
    bleu: float = 0.0
    """The highest, which may be that of another step."""
    waited: int = 0
    """Evaluations since either of the two got better."""

    def after(self, step: int, scores: "Scores") -> "Best":
        """Return the record after another evaluation, at `step`."""
        first = self.step == 0
        risen = first or scores.bleu > self.bleu
        fallen = first or scores.perplexity < self.perplexity
        return replace(
            self,
            step=step if fallen else self.step,
            bleu=scores.bleu if risen else self.bleu,
            perplexity=scores.perplexity if fallen else self.perplexity,
            waited=0 if risen or fallen else self.waited + 1,
        )

    def exhausts(self, patience: int) -> bool:
        """Tell whether no more patience is left; a patience of 0 never ends."""
        return 0 < patience <= self.waited
