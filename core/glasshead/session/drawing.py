"""Drawing again: the tokens of a sampled line once more, with the next seed."""

from dataclasses import replace

from glasshead.decoding.pick import Sample, list_rules
from glasshead.errors import GlassheadError
from glasshead.session.session import Session


def draw_again(session: Session) -> int:
    """Go back to where the sampling of this step began, with the next seed: the line branches there.

    Returns the number of steps that lead as far as before, at least 1. Raises GlassheadError if nothing is drawn.
    """
    at, rule = session.standing, session.line.rule
    if not isinstance(rule, Sample):
        raise GlassheadError("Nothing is drawn here: tokens are picked greedily. Choose sampling first.")
    steps = at.line.step_number
    since = max(begins for begins, _ in list_rules(at.line.pick) if begins <= steps)
    own = at.cause == str(rule)  # the draws of several seeds stand beside each other in the tree
    session.pick(replace(rule, seed=rule.seed + 1), step=since, parent=at.parent if own else None)
    return max(1, steps - since)
