"""Random edits that fit a model, for tests of what must hold of every one."""

from collections.abc import Sequence
from math import inf

from hypothesis import strategies as st

from glasshead.anatomy import Anatomy
from glasshead.edits import edit as e
from glasshead.edits.edit import Action, Edit, Origin, Span, Where
from glasshead.edits.strokes import strokes
from glasshead.errors import GlassheadError
from glasshead.site import SQUARE, Site


def spans(most: int) -> st.SearchStrategy[tuple[Span, ...]]:
    one = st.integers(0, most - 1).map(lambda n: Span(n, n))
    ranges = st.tuples(st.integers(0, most - 1), st.integers(0, most - 1)).map(sorted).map(lambda p: Span(*p))
    return st.just(()) | one.map(lambda span: (span,)) | ranges.map(lambda span: (span,))


@st.composite
def edits(draw: st.DrawFn, anatomy: Anatomy, length: int, forbidden: Sequence[type] = ()) -> Edit:
    """Draw an edit of a model for a line of some tokens."""
    while True:
        site = Site.parse(draw(st.sampled_from(anatomy.sites)))
        actions: list[Action] = [e.Put(0.5), e.Put(0.0), e.Scale(-2.0), e.Mean(), e.Patch(Origin()), e.At(0), e.Swap()]
        special: dict[str, list[Action]] = {
            "out": [e.Skip()] if site.layer is not None else [],
            "weights": [e.Weigh(0.75), e.Uniform()],
            "masked": [e.Hide(), e.Reveal(), e.Narrow(1), e.Copy("scores")],
            "scores": [e.Unscale(), e.Put(-inf)],
            "resid": [e.Copy("out")],
        }
        actions += 2 * special.get(site.name, [])
        action = draw(st.sampled_from([each for each in actions if type(each) not in forbidden]))
        name, where, axes = str(site), Where(), site.axes.split()
        if isinstance(action, e.Skip):
            name = draw(st.sampled_from([site.prefix, site.prefix.rsplit(".", 1)[0]]))
            axes = ["q"]
        if isinstance(action, e.Swap):
            where = Where(head=(Span(0, 1),))
            axes = [axis for axis in axes if axis != "h"]
        chosen = {}
        if "h" in axes:
            kind = anatomy.kind(site.stack, site.part)
            chosen["head"] = draw(spans(kind.key_heads if "k" in axes and "q" not in axes else kind.heads))
        for axis, letter in (("query", "q"), ("key", "k")):
            if letter in axes:
                chosen[axis] = draw(spans(length))
        if isinstance(action, e.Weigh):
            chosen["key"] = (draw(st.integers(0, length - 1).map(lambda n: Span(n, n))),)
        edit = Edit(name, Where(**{"head": where.head, **chosen}), action)
        if isinstance(action, (e.Mean, e.At)) and site.name in SQUARE:
            continue
        try:
            strokes(edit, anatomy)
        except GlassheadError:
            continue
        return edit
