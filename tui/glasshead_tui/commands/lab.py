"""`glasshead lab`: the experiments, each a command with the controls of its page as options."""

import inspect
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from glasshead.errors import GlassheadError
from glasshead.lab import NAMES, all_pages, page_of
from glasshead.lab.page import Control, Page, Size, Value
from glasshead_tui.commands.options import flag, parameter, sign


def complete_experiment(incomplete: str) -> list[str]:
    """Complete names in the shell."""
    return [name for name in NAMES if name.startswith(incomplete)]


PASSING = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Settings that pass all words on to the table of experiments, which is made only when it is needed."""


SHIPPED = (
    "Without options it shows the result that comes with the program, of the full size. Any option trains again, "
    "from the defaults above."
)
"""End of the help of an experiment that trains."""


def lab(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="EXPERIMENT", autocompletion=complete_experiment)] = None,
) -> int:
    """The paper's claims as experiments; alone it lists them."""
    words = [*([] if name is None else [name]), *context.args]
    # An unknown name gets a hint at the nearest one; a known one needs no other page.
    known = all_pages() if not words or words[0].startswith("-") else (page_of(words[0]),)
    status = make_table(known)(words, prog_name="glasshead lab", standalone_mode=False)
    return status if isinstance(status, int) else 0


def make_table(known: Sequence[Page]) -> typer.Typer:
    """Make Typer commands of the experiments."""
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    app.callback(invoke_without_command=True)(list_experiments)
    for each in known:
        summary = f"{each.title}. {each.question.text}"
        app.command(each.name, help=summary, epilog=SHIPPED if each.trained else None)(make_command(each))
    return app


def list_experiments(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="The list as JSON, with the whole pages.")] = False,
) -> int:
    """The paper's claims as experiments on real numbers. Alone it lists them."""
    if as_json and context.invoked_subcommand is not None:
        name = context.invoked_subcommand
        raise GlassheadError(f"--json belongs after the experiment's name: glasshead lab {name} --json.")
    if context.invoked_subcommand is None:
        from glasshead_tui.plain.experiment import print_list

        print_list(as_json=as_json)
    return 0


def make_command(of: Page) -> Any:
    """Make the command of one experiment."""

    def run(**given: Any) -> int:
        from glasshead_tui.launch.experiment import perform
        from glasshead_tui.plain.experiment import Asked

        size = choose_size(quick=given.pop("quick"), full=given.pop("full"))
        as_json, anew = given.pop("json"), given.pop("anew", False)
        checkpoint = given.pop("model", "english-french")
        answer = given.pop("predict")
        said = {name: parse_value(of.control(name), value) for name, value in given.items() if value is not None}
        if of.trained and not (said or anew) and size == "usual":
            size = "full"  # the shipped one
        asked = Asked(
            page=of,
            values={**of.values(size), **said},
            checkpoint=checkpoint,
            answer=None if answer is None else of.question.read(answer),
            anew=anew,
            as_json=as_json,
        )
        return perform(asked)

    sign(run, [*(_option(control) for control in of.controls), *_own(of)])
    return run


def choose_size(*, quick: bool, full: bool) -> Size:
    """Choose the size by two flags."""
    if quick and full:
        raise GlassheadError("--quick and --full are two sizes: choose one.")
    return "quick" if quick else "full" if full else "usual"


def parse_value(control: Control, value: Any) -> Value:
    """Parse the value of a control."""
    return value if isinstance(value, bool) else control.read(value)


def _option(control: Control) -> inspect.Parameter:
    """Make a Typer option of a control. None stands for: not given. The control itself parses the value."""
    flag = "--" + control.name.replace("_", "-")
    text = f"{control.help[0].upper()}{control.help[1:]}."
    if isinstance(control.usual, bool):
        option = typer.Option(f"{flag}/--no-{flag[2:]}", help=text, show_default="yes" if control.usual else "no")
        return parameter(control.name, Annotated[bool | None, option])
    metavar = "|".join(map(str, control.stops)) if control.choice else _metavar(control)
    shown = str(control.usual) if control.usual != "" else False
    option = typer.Option(flag, metavar=metavar, help=text, show_default=shown)
    return parameter(control.name, Annotated[str | None, option])


def _metavar(control: Control) -> str:
    return "TEXT" if isinstance(control.usual, str) else "X" if isinstance(control.usual, float) else "N"


def _own(of: Page) -> list[inspect.Parameter]:
    """Make the options that every experiment has, and those of its kind."""
    predict = typer.Option(
        "--predict", metavar="|".join(of.question.letters), help="What you foresee.", show_default=False
    )
    model = typer.Option("--model", metavar="CHECKPOINT", help="The trained model: a name, or a folder.")
    return [
        *([parameter("model", Annotated[str, model], "english-french")] if of.model else []),
        flag("quick", "A smaller size, for a quick look."),
        flag("full", "A larger size, for a thorough one."),
        *(
            [flag("anew", "Train now, instead of showing the result that comes with the program.")]
            if of.trained
            else []
        ),
        parameter("predict", Annotated[str | None, predict]),
        flag("json", "Write the result as JSON, with full precision."),
    ]
