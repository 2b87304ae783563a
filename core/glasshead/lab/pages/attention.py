"""attention: one query as a weighted sum of values, many queries as a matrix, and which sizes must agree."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from glasshead.lab.exhibits import Exhibit, Grid, Lines, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict, seeded
from glasshead.lab.tools.words import counted, shape, vector
from glasshead.named import name_head

if TYPE_CHECKING:
    from glasshead.lab.attention import Attention, Single

ROWS = 12
"""Most key–value pairs that are written out."""
WIDE = 5
"""Most numbers of a vector that are written out."""
NEEDED = ("inputs", "tokens", "query and key", "key and value")
"""The pairs of sizes in the answers, in their order."""


def run(**given: Any) -> "Attention":
    """Run glasshead.lab.attention."""
    from glasshead.lab.attention import attention

    return attention(**given)


def judge(result: "Attention") -> Verdict:
    """Decide which two sizes could not differ: each pair was tried alone."""
    trials = {trial.sizes: trial for trial in result.trials}
    failed = [name for name in NEEDED if not trials[name].works]
    worked = [trials[name].given for name in NEEDED if trials[name].works]
    refused = [trial.given for trial in result.trials if not trial.works]
    sentence = f"Refused: {'; '.join(refused) or 'nothing'}. Worked: {'; '.join(worked) or 'nothing'}."
    if failed == ["query and key"] and not trials["pairs"].works:
        sentence += " Only d_k must agree, and the numbers of keys and of values."
    return Verdict(answer=NEEDED.index(failed[0]) if failed else 0, sentence=sentence)


def exhibits(result: "Attention") -> tuple[Exhibit, ...]:
    """Show the arithmetic of one query, then many, then the sizes that may differ, then a trained model."""
    one, cross = result.single, result.cross
    return (
        Table(
            title=f"one query against {counted(len(one.terms), 'key')}, step by step",
            columns=("i", "k_i", "q·k_i", "/ √d_k", "exp", "weight", "v_i"),
            rows=tuple(
                (
                    number,
                    _vector(term.key, most=4),
                    term.product,
                    term.scaled,
                    term.exponential,
                    term.weight,
                    _vector(term.value, most=3),
                )
                for number, term in enumerate(one.terms[:ROWS], 1)
            ),
            note=f"q = {_vector(one.query, most=4)}. A weight is its exp divided by their sum, {one.total:.3f}."
            f"{_more(one)}",
        ),
        Lines(
            title="the output is the weighted sum of the values",
            lines=(
                *(
                    f"{'+' if number else ' '} {term.weight:.3f} · {_vector(term.value)}"
                    for number, term in enumerate(one.terms[:ROWS])
                ),
                *(["+ …"] if len(one.terms) > ROWS else []),
                f"=         {_vector(one.output, form='6.3f')}",
            ),
        ),
        Grid(
            title="all queries stacked: softmax(Q Kᵀ / √d_k), a row for each",
            rows=tuple(f"q{number}" for number in range(1, len(result.weights) + 1)),
            columns=tuple(f"k{number}" for number in range(1, len(result.weights[0]) + 1)),
            values=result.weights,
            weights=True,
            note=f"Times V it gives what the queries gave one by one: {_apart(result.stacked_difference)}.",
        ),
        Table(
            title="what may differ: each tried alone",
            columns=("different sizes", "computed"),
            rows=tuple((trial.given, trial.works) for trial in result.trials),
            note="Q Kᵀ multiplies along d_k, weights times V along the pairs. Every other size is free.",
        ),
        Table(
            title="shapes: inputs of two widths, and the trained model",
            columns=("matrix", "axes", f"{result.width} and {result.source_width} wide", cross.model),
            rows=tuple((each.name, each.meaning, shape(each.here), shape(each.trained)) for each in result.shapes),
            note="The last column is its first encoder–decoder attention, on the sentence below: its "
            f"{counted(len(cross.queries), 'query', 'queries')} and {counted(len(cross.keys), 'key')} "
            "need not be as many.",
        ),
        Table(
            title="a weighted mean, and what is left without the division by the sum",
            columns=("weights are", "least sum", "greatest sum", "within values"),
            rows=tuple((each.name, each.least_sum, each.most_sum, f"{each.inside:.0%}") for each in result.weighings),
            note=f"Pairs in another order: outputs {_apart(result.order_difference)}. "
            f"Only the keys in another order: {result.torn_difference:.2g}.",
        ),
        Grid(
            title=f"{cross.model}: {name_head(f'decoder.{cross.layer}.cross', cross.head)}, its surest",
            rows=cross.queries,
            columns=cross.keys,
            values=cross.weights,
            weights=True,
            note=f"{counted(len(cross.queries), 'query', 'queries')}, {counted(len(cross.keys), 'key')}. All heads of "
            "all layers, worked out from q, k and v one query at a time: "
            f"{_apart(cross.difference)}.",
        ),
    )


def _apart(difference: float) -> str:
    """Write a difference: "at most 1e-07 apart"."""
    return f"at most {difference:.0e} apart" if difference else "equal"


def _vector(values: Sequence[float], *, form: str = "4.1f", most: int = WIDE) -> str:
    return vector(values, form=form, most=most)


def _more(one: "Single") -> str:
    return f" {counted(len(one.terms) - ROWS, 'more pair')} not shown." if len(one.terms) > ROWS else ""


PAGE = Page(
    name="attention",
    title="Attention is a weighted sum",
    claim="A query takes a weighted mean of the values; only d_k and the number of keys and values must agree.",
    paragraphs=(
        "A query is compared with every key by a product; softmax makes weights of the products, and the output is "
        "the sum of the values, each times its weight. Many queries stacked in a matrix are the same in one go: "
        "softmax(Q Kᵀ / √d_k) V. (Section 3.2.1; in Bahdanau 2015 a small network compares, not a product.)",
        "Small numbers are drawn and every step of one query is written out. The same sum, query by query, is held "
        "against the project's own attention. Its multi-head module then runs between inputs of two widths, sizes are "
        "made to differ one pair at a time, and a trained model attends from its target to a source, "
        "which is mostly of another length.",
        "Follow one row of the first table to its weight. Then look at which sizes are refused. Weights are positive "
        "and sum to 1, so "
        "an output never leaves the range of the values; without the division it may. That a weighted mean can be "
        "computed does not say that it is useful: what is looked at, training decides.",
    ),
    question=Question(
        text="Queries come from 5 decoder tokens of width 32, keys and values from 7 encoder tokens of width 48. "
        "What must agree?",
        answers=(
            "the widths of the inputs, 32 and 48",
            "the numbers of tokens, 5 and 7",
            "d_k of queries and keys, nothing else of these",
            "d_k and d_v",
        ),
    ),
    controls=(
        Control(name="d_k", usual=4, help="width of a query and of a key", stops=(1, 2, 4, 8, 64), least=1, most=256),
        Control(name="d_v", usual=3, help="width of a value", stops=(1, 2, 3, 4, 8, 64), least=1, most=256),
        Control(name="queries", usual=5, help="how many queries are stacked", stops=(1, 2, 5, 8, 16), least=1, most=64),
        Control(
            name="keys", usual=7, help="how many pairs of key and value", stops=(2, 3, 7, 12, 24), least=2, most=64
        ),
        Control(
            name="source_width",
            usual=48,
            help="width of the input of keys and values; queries' is 32",
            stops=(16, 32, 48, 96),
            least=1,
            most=1024,
        ),
        Control(name="text", usual="", help="a sentence for the trained model; empty: its first example"),
        seeded("another seed draws other numbers"),
    ),
    run=run,
    judge=judge,
    exhibits=exhibits,
    attempt=Try(
        sentence="The explorer opens where a target token looks at the source: the sum of the values, term by term, "
        "with its weights. Arrow keys go to another query or head.",
        text="the black cat is sleeping",
        steps=3,
        stack="decoder",
        kind="cross",
        layer=2,
        head=7,
        stage="weights",
        pane="sum",
    ),
    sources=(
        "Vaswani et al. 2017, Attention Is All You Need, section 3.2.1 and equation 1",
        "Bahdanau, Cho, Bengio 2015, Neural Machine Translation by Jointly Learning to Align and Translate",
    ),
    result="glasshead.lab.attention:Attention",
    model=True,
)
