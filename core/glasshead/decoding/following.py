"""Following: a line takes the steps that other lines took, with the tokens that were chosen in them.

A token was chosen if the line that has it would not have picked it itself. A choice stays under other edits; what was
merely picked is picked again.
"""

from collections.abc import Iterator

from glasshead.decoding.stepper import Stepper


def follow(line: Stepper, steps: int, *others: Stepper) -> Iterator[None]:
    """Take steps up to a number of them, and yield after each.

    Where another line has the same tokens so far, and the next one was chosen there, it is taken: of the first of them.
    """
    while line.step_number < steps and not line.done:
        so_far, usual = line.ids, line.expected()
        alike = [other for other in others if len(other.ids) > len(so_far) and other.ids[: len(so_far)] == so_far]
        if all(other.ids[len(so_far)] == usual for other in alike):  # chosen or not, it is the same token
            line.choose(usual)
        else:
            chosen = (other.ids[len(so_far)] for other in alike if was_chosen(other, len(so_far)))
            line.choose(next(chosen, usual))
        yield


def was_chosen(line: Stepper, place: int) -> bool:
    """Tell whether the token at a place of the target, after the prompt, is not the one that the line would pick."""
    logits = line.recall(place)
    return line.pick(logits[place - 1], place - len(line.prompt.start)) != line.ids[place]
