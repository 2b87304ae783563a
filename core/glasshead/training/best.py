"""The best evaluation of a training so far, and how many have passed since one of its scores got better.

Overfitting shows in the perplexity long before it shows in the translations, so a training that is to stop early waits
for both: perplexity and BLEU. The best checkpoint is the one with the highest BLEU.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasshead.training.evaluate import Scores


@dataclass(frozen=True, slots=True)
class Best:
    """What the evaluations up to now have found."""

    step: int = 0
    """The step with the highest BLEU; 0 before the first evaluation."""
    bleu: float = 0.0
    perplexity: float = 0.0
    """The lowest, which may be that of another step."""
    waited: int = 0
    """Evaluations since either of the two got better."""

    def after(self, step: int, scores: "Scores") -> "Best":
        """Return the record after another evaluation, at `step`."""
        first = self.step == 0
        risen = first or scores.bleu > self.bleu
        fallen = first or scores.perplexity < self.perplexity
        return replace(
            self,
            step=step if risen else self.step,
            bleu=scores.bleu if risen else self.bleu,
            perplexity=scores.perplexity if fallen else self.perplexity,
            waited=0 if risen or fallen else self.waited + 1,
        )

    def exhausts(self, patience: int) -> bool:
        """Tell whether no more patience is left; a patience of 0 never ends."""
        return 0 < patience <= self.waited
