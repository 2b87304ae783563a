"""subwords: costs and savings of a vocabulary of pieces."""

from typing import TYPE_CHECKING, Any

from glasshead.lab.exhibits import Exhibit, Lines, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict, seeded
from glasshead.lab.tools.bpe import CLASSIC
from glasshead.lab.tools.words import counted

if TYPE_CHECKING:
    from glasshead.lab.subwords import Example, Subwords

MARGIN = 3.0
"""Least difference in chrF for one translation to be called better."""
CLEAR = 0.03
"""Least difference in the share of right sentences that is mentioned."""
FULL = 2500
"""Steps of the training whose result ships with the program."""
WIDEST = 38
"""Most characters of a cell that holds words."""
LINE = 76
"""Most characters of a line; a model that repeats itself is cut."""


def run(**given: Any) -> "Subwords":
    """Run glasshead.lab.subwords."""
    from glasshead.lab.subwords import subwords

    return subwords(**given)


def judge(result: "Subwords") -> Verdict:
    """Decide by chrF which of the two models with vocabularies of one size translates better."""
    words, pieces, every = result.models
    better = pieces.chrf - words.chrf
    sentence = (
        f"With {pieces.vocabulary:,} tokens chrF was {pieces.chrf:.1f} for subwords and {words.chrf:.1f} for words "
        f"({words.chrf_spared:.1f} without their <unk>); {pieces.exact:.0%} and {words.exact:.0%} of the sentences "
        f"were right. Of the words written {words.unknown:.0%} were <unk> with words; {pieces.unread:.0%} stand "
        f"nowhere in what was read, with subwords. With all {every.vocabulary:,} words chrF was {every.chrf:.1f}."
    )
    if max(words.exact, pieces.exact) < 0.05:
        sentence += " Neither has learned to translate yet, so this decides nothing."
        if result.steps < FULL:
            sentence += f" The result that comes with the program is of {FULL:,} steps."
    elif better * (pieces.exact - words.exact) < 0 and abs(pieces.exact - words.exact) > CLEAR:
        sentence += " Whole sentences say the opposite."
    return Verdict(answer=1 if better > MARGIN else 0 if better < -MARGIN else 2, sentence=sentence)


def exhibits(result: "Subwords") -> tuple[Exhibit, ...]:
    """Show the merges, the cost of vocabularies, and the models' translations."""
    return (
        Table(
            title=f"{counted(len(result.merges), 'merge')} of {counted(result.text_words, 'different word')}",
            columns=("", "pair", "count", "tokens", "the most frequent words then"),
            rows=(
                (0, None, None, result.tokens, _joined(result.before)),
                *(
                    (number, f"{each.left} {each.right}", each.count, each.tokens, _joined(each.words))
                    for number, each in enumerate(result.merges, 1)
                ),
            ),
            note=_ended(result),
        ),
        Lines(
            title="a word cut by these merges",
            lines=(f"{result.word} → {' '.join(result.word_symbols)}",),
            note=_seen(result),
        ),
        Plot(
            title="length of a sentence against the size of the vocabulary",
            x="tokens in the vocabulary",
            y="tokens a sentence",
            log_x=True,
            series=(
                Series(
                    label="subwords",
                    x=[each.subwords for each in result.sizes],
                    y=[each.subword_length for each in result.sizes],
                ),
                Series(
                    label="words",
                    x=[each.words for each in result.sizes],
                    y=[each.word_length for each in result.sizes],
                ),
            ),
            note="Unseen sentences of english-french, both sides.",
        ),
        Table(
            title="vocabularies of words, and of subwords",
            columns=("at most", "words", "tokens", "unknown", "subwords", "tokens", "unknown", "whole words"),
            rows=tuple(
                (
                    each.asked,
                    each.words,
                    each.word_length,
                    each.word_unknown,
                    each.subwords,
                    each.subword_length,
                    each.subword_unknown,
                    each.whole,
                )
                for each in result.sizes
            ),
            note="Tokens a sentence; the share of them unknown; of merged pieces, those that are a word somewhere. "
            "Subwords always have bytes and letters.",
        ),
        Table(
            title=f"three models, {counted(result.steps, 'step')} on {result.pairs:,} pairs, on unseen sentences",
            columns=("vocabulary", "weights", "read unk", "right", "chrF", "no <unk>", "<unk>", "not read"),
            rows=tuple(
                (
                    f"{each.vocabulary:,} {each.level}s",
                    each.parameters,
                    each.reads,
                    each.exact,
                    each.chrf,
                    each.chrf_spared,
                    each.unknown,
                    each.unread,
                )
                for each in result.models
            ),
            note="260 subwords are bytes and specials. chrF takes <unk> as 5 characters; no <unk>: taken out. "
            "Words written: <unk>, or in no sentence read.",
        ),
        Lines(
            title="what they write",
            lines=tuple(line for each in result.examples[:4] for line in _translated(result, each)),
        ),
        Lines(
            title="pieces, and what is made of them",
            lines=tuple(_pieces(result)),
            note="Read: in the sentences learned from, of both languages. What is a word may be cut from another.",
        ),
    )


def _joined(words: tuple[str, ...]) -> str:
    """Join words while there is room for them."""
    found = " · ".join(words)
    return found if len(found) <= WIDEST else found[: WIDEST - 1] + "…"


def _ended(result: "Subwords") -> str:
    end = "" if len(result.merges) == result.asked else " No pair is left that stands there twice."
    return f"</w>: the end of a word. Of equally frequent pairs the first by their characters is merged.{end}"


def _seen(result: "Subwords") -> str:
    if result.word_seen:
        return "It stands in the text."
    if not result.word_known:
        return "It has characters that the text has not: only our own vocabularies have bytes for those."
    return "It does not stand in the text, yet nothing of it is unknown: as a word it would be <unk>."


def _translated(result: "Subwords", example: "Example") -> list[str]:
    names = ("source", "expected", *(f"{each.vocabulary:,} {each.level}s" for each in result.models))
    width = max(map(len, names)) + 2
    texts = (example.source, example.expected, *example.given)
    rows = [f"{name:{width}}{text}" for name, text in zip(names, texts, strict=True)]
    return [*map(_short, rows), ""]


def _pieces(result: "Subwords") -> list[str]:
    pieces, every = result.models[1], result.models[2]
    lines = [
        f"pieces, no word read     {' '.join(result.pieces) or '(none)'}",
        f"words written, not read  {' '.join(each for each in pieces.unread_words if len(each) < 16) or '(none)'}",
        f"tokens a target          {pieces.length:.1f}  against {every.length:.1f} in words",
        f"chrF of subwords         {pieces.chrf:.1f}",
        f"  against as many words  {pieces.chrf - result.models[0].chrf:+.1f}  at {counted(result.steps, 'step')}",
        f"  against all words      {pieces.chrf - every.chrf:+.1f}  ({every.vocabulary:,} of them)",
    ]
    return [_short(each) for each in lines]


def _short(line: str) -> str:
    return line if len(line) <= LINE else line[: LINE - 1] + "…"


PAGE = Page(
    name="subwords",
    title="Subwords",
    claim="At one vocabulary size subwords beat words: pieces may mean nothing, but no word is unknown.",
    paragraphs=(
        "The paper cuts English–German by byte-pair encoding (about 37,000 tokens) and English–French into 32,000 "
        "word pieces, a relative of it (section 5.1). BPE makes the most frequent pair of neighbours one token, again "
        "and again (Sennrich et al. 2016). Its pieces fit the parts of words worse than those of a unigram language "
        "model (Bostrom & Durrett 2020).",
        "Merges are learned on your `text`, step by step. Then vocabularies of several sizes cut unseen sentences; and "
        "three models of one shape learn to translate short sentences into French: words and subwords with "
        "`vocab_size` tokens, and words with every word that there is. A word that a vocabulary lacks is <unk>.",
        "Two costs: <unk> with words; with subwords, longer sequences and words that nobody read. The model of all "
        "words shows what pieces cost where nothing is unknown; it has more parameters, and only a grammar's language "
        "has so few words. chrF compares pieces of spelling; the models are small, and trained for minutes at most: "
        "longer training may change who is ahead.",
    ),
    question=Question(
        text="Two models translate unseen sentences, one in words, one in subwords, with as many tokens each. Which "
        "has the higher chrF?",
        answers=("words", "subwords", f"about the same ({MARGIN:g} points)"),
    ),
    controls=(
        Control(name="text", usual=CLASSIC, help="the merges are learned on it"),
        Control(
            name="merges",
            usual=10,
            help="how many pairs are merged, at most",
            stops=(0, 1, 3, 5, 10, 20, 50),
            least=0,
            most=300,
        ),
        Control(name="word", usual="lowest", help="a word that these merges cut, seen in the text or not"),
        Control(
            name="vocab_size",
            usual=600,
            help="tokens of the words and of the subwords",
            stops=(300, 400, 600, 1000, 2000),
            least=300,
            most=20_000,
        ),
        Control(
            name="pairs",
            usual=2000,
            help="sentence pairs to learn from",
            stops=(500, 2000, 10_000, 20_000),
            least=100,
            most=20_000,
            quick=500,
            full=20_000,
        ),
        Control(
            name="steps",
            usual=120,
            help="steps of each of the three trainings",
            stops=(20, 120, 400, 1000, FULL),
            least=1,
            most=20_000,
            quick=10,
            full=FULL,
        ),
        seeded("another seed: other weights and sentences"),
    ),
    run=run,
    judge=judge,
    exhibits=exhibits,
    attempt=Try(
        sentence="The explorer opens with a word that does not exist: it is cut into pieces, each a token with its own "
        "column of weights. Nothing is <unk>.",
        text="the black glorfindel is sleeping",
        steps=4,
        stack="decoder",
        kind="cross",
        stage="weights",
        pane="attention",
    ),
    sources=(
        "Sennrich, Haddow & Birch 2016, Neural Machine Translation of Rare Words with Subword Units",
        "Vaswani et al. 2017, Attention Is All You Need, section 5.1",
        "Bostrom & Durrett 2020, Byte Pair Encoding is Suboptimal for Language Model Pretraining "
        "(a unigram language model does as well or better)",
    ),
    result="glasshead.lab.subwords:Subwords",
    trained=True,
)
