"""A decode as plain text, step by step: the explorer's twin for a pipe."""

from shutil import get_terminal_size
from typing import TYPE_CHECKING

from glasshead_tui.plain import tables as plain
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from glasshead.decoding.stepper import Stepper


def print_decode(line: "Stepper", name: str, shape: str, prefix: str, head: int, steps: int | None) -> None:
    """Decode and print every step: the tokens so far, the candidates, one head of the attention `prefix`.

    name, shape: of the model, for the first line. steps: most steps; None goes to the end.
    """
    width = get_terminal_size((100, 24)).columns

    print(f"glasshead   {visible(name)}   {shape}")
    print(f"source      {plain.words(line.source)}")
    print(f"attention   {prefix}.weights, head {head}: a row for each query, a column for each key")
    print(f"            {plain.MASKED} may not be looked at; --kind, --layer and --head choose another")
    while True:
        took = "" if line.step_number == 0 else f"   took {plain.candidate(line.tokens[-1])}"
        print(f"\nstep {line.step_number}{took}")
        print(f"target      {plain.words(line.tokens)}")
        print(f"next        {plain.candidates(line.candidates(5)) or 'none: done'}")
        trace = line.outlook
        queries, keys = trace.axes(prefix)
        weights, looks = trace[f"{prefix}.weights"][head].tolist(), trace.may_look(prefix).tolist()
        print(*plain.attention(weights, looks, queries, keys, width=width), sep="\n", flush=True)
        if line.done or line.step_number == steps:
            break
        line.step()
    print(f"\ntext        {visible(line.text)}".rstrip(" "))
