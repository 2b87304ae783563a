"""Options that say how a model is opened and how a text is read for it, the same of every command that opens one."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from glasshead.errors import GlassheadError
from glasshead.opening import Capture, Device, Opening, Precision
from glasshead_tui.commands import line
from glasshead_tui.commands.options import flag, parameter, sign

OPTIONS = {
    each.name: each
    for each in (
        parameter(
            "ids",
            Annotated[str | None, typer.Option(metavar="IDS", help="Ids in place of a text: 3,17,2, exactly these.")],
        ),
        parameter("to", Annotated[str | None, typer.Option(metavar="LANGUAGE", help="The language to write: fr.")]),
        parameter(
            "source_language",
            Annotated[str | None, typer.Option("--from", metavar="LANGUAGE", help="The language of the text.")],
        ),
        flag("chat", "Put the text into the model's chat template."),
        parameter("device", Annotated[Device, typer.Option(help="Device; auto is a GPU if there is one.")], "cpu"),
        parameter("dtype", Annotated[Precision, typer.Option(help="Precision of the weights.")], "auto"),
        parameter(
            "device_map",
            Annotated[
                Literal["auto"] | None, typer.Option(help="Spread the layers over all GPUs, the memory and the disk.")
            ],
        ),
        parameter(
            "capture",
            Annotated[
                Capture,
                typer.Option(
                    help="Layers captured at every step: all, or the one shown, and others when they are looked at; "
                    "auto is all where one device holds the model."
                ),
            ],
            "auto",
        ),
    )
}


def opens(*, without: tuple[str, ...] = (), device: Device = "cpu") -> Callable[[Callable[..., Any]], Any]:
    """Give a command that takes `opening` the options of an Opening in its place, and one that takes `line` those of a
    Line. With --ids, `text` is the ids.

    without: options of an Opening that it does not have · device: the default.
    """
    chosen = {name: option for name, option in OPTIONS.items() if name not in without}
    chosen["device"] = chosen["device"].replace(default=device)

    def sign_up(command: Callable[..., Any]) -> Any:
        signature = inspect.signature(command).parameters
        shown = line.OPTIONS if "line" in signature else {}

        def run(**given: Any) -> Any:
            ids, to, source, chat, where, dtype, device_map, capture = (
                given.pop(name, chosen[name].default if name in chosen else option.default)
                for name, option in OPTIONS.items()
            )
            if ids is not None:
                if given.get("text") is not None:
                    raise GlassheadError("--ids and a text are two ways of saying what is read: choose one.")
                given["text"] = ids
            opening = Opening(
                to=to, source=source, chat=chat, ids=ids is not None, device=where, dtype=dtype,
                spread=device_map is not None, capture=capture,
            )  # fmt: skip
            if shown:
                given["line"] = line.Line.of({name: given.pop(name, each.default) for name, each in shown.items()})
            return command(opening=opening, **given)

        own = [each for each in signature.values() if each.name not in ("opening", "line")]
        keywords = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        sign(run, [*keywords, *shown.values(), *chosen.values()])
        return run

    return sign_up
