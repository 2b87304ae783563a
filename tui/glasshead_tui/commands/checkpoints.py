"""`glasshead checkpoints`: the list of checkpoints that have a name."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer


def checkpoints(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with the whole cards.")] = False,
) -> None:
    """List the checkpoints that have a name."""
    from glasshead import tensors
    from glasshead.checkpoints.find import available
    from glasshead.checkpoints.format import WEIGHTS
    from glasshead.errors import GlassheadError
    from glasshead_tui.terminal import strict_json as strict

    found: list[dict[str, Any]] = []
    listed = available()
    for each in listed:
        try:
            parameters, problem = tensors.count_numbers(each.folder / WEIGHTS), None
        except GlassheadError as error:
            parameters, problem = None, str(error)
        found.append(
            {
                "name": each.name,
                "path": str(each.folder.resolve()),
                "bytes": each.bytes,
                "parameters": parameters,
                "problem": problem,
                "config": dict(each.config),
                "card": dict(each.card),
            }
        )
    if as_json:
        print(strict.dumps(found, indent=2))
        return
    if not found:
        print("There is nothing to open yet. `glasshead train reverse --out checkpoints/reverse` makes a small model.")
        return
    _print(found, [each.shape for each in listed])


def _print(found: list[dict[str, Any]], shapes: list[tuple[str, str, str]]) -> None:
    from glasshead_tui.terminal.visible import fit, visible

    head = ("name", "layers", "heads", "d_model", "parameters", "size", "score", "path")
    rows = [
        head,
        *(
            (
                each["name"],
                *shape,
                "damaged" if each["parameters"] is None else f"{each['parameters']:,}",
                f"{each['bytes'] / 1e6:.1f} MB",
                _score(each["card"]),
                each["path"],
            )
            for each, shape in zip(found, shapes, strict=True)
        ),
    ]
    shown = [[visible(cell) for cell in row] for row in rows]
    from rich.cells import cell_len

    wide = [max(cell_len(row[column]) for row in shown) for column in range(len(head))]
    for row in shown:
        print("   ".join(fit(cell, room) for cell, room in zip(row, wide, strict=True)).rstrip())


def _score(card: Mapping[str, Any]) -> str:
    """Return the card's score on unseen sentences: `97.1% exact`, the share translated without any mistake.

    A card is anybody's text: what is no share is not shown.
    """
    test = card.get("test")
    exact = test.get("exact_match") if isinstance(test, Mapping) else None
    return f"{exact:.1%} exact" if isinstance(exact, int | float) and 0 <= exact <= 1 else ""
