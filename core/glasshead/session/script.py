"""The present state of a session as a few lines of Python that reproduce it, or as a test that asserts its numbers."""

from collections.abc import Sequence
from pprint import pformat

from glasshead.session.session import Session
from glasshead.session.standing import Standing

WIDTH = 100


def make_script(session: Session, load: str, site: str, head: int | None = None) -> str:
    """Write a script that comes to the same line, step and edits, and looks at a site. load: expression of the subject.

    head: of an attention, the one that is looked at.
    """
    return "\n".join([*_lines(session.standing, load), f"values = {_look(site, head)}", "print(values)", ""])


def make_test(session: Session, load: str, site: str, head: int | None = None) -> str:
    """Write a pytest that comes to the same line and asserts its text and the values of a site."""
    standing, moment = session.standing, session.moment
    values = moment.trace[site] if head is None else moment.trace[site][head]
    tolerance = moment.trace.anatomy.tolerance  # what another machine's order of arithmetic may leave
    numbers = pformat(values.tolist(), width=WIDTH - 8, compact=True)
    body = [
        *_lines(standing, load, imports=False),
        f"assert session.line.text == {standing.line.text!r}",
        f"expected = torch.tensor({numbers})",
        f"torch.testing.assert_close({_look(site, head)}, expected, rtol={tolerance:.2g}, atol={tolerance:.2g})",
    ]
    indented = "\n".join("    " + line for line in "\n".join(body).splitlines())
    return f"import glasshead\nimport torch\n\n\ndef test_the_line_is_as_it_was():\n{indented}\n"


def _lines(at: Standing, load: str, *, imports: bool = True) -> list[str]:
    edits = [str(edit) for edit in at.ledger.active]
    given = ["" if not edits else f", edits={_listed(edits)}", ", truncate=True" if at.truncate else ""]
    tokens = at.line.ids[len(at.line.ids) - at.line.step_number :]
    return [
        *(["import glasshead", ""] if imports else []),
        f"session = glasshead.Session({load})",
        f"session.begin({at.text!r}{''.join(given)})",
        *([f"for token in {_listed(tokens)}:", "    session.choose(token)"] if tokens else []),
    ]


def _listed(values: Sequence[object]) -> str:
    return pformat(list(values), width=WIDTH - 20, compact=True)


def _look(site: str, head: int | None) -> str:
    return f'session.moment.trace["{site}"]' + ("" if head is None else f"[{head}]")
