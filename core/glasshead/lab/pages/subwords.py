"""subwords: what a vocabulary of pieces costs and saves."""

from typing import TYPE_CHECKING, Any

from glasshead.lab.bpe import CLASSIC
from glasshead.lab.exhibits import Exhibit, Lines, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict

if TYPE_CHECKING:
    from glasshead.lab.subwords import Example, Subwords

MARGIN = 3.0
"""Points of chrF by which one translation must be better to be called so."""
WIDEST = 38
"""Characters of a cell that holds words."""
LINE = 76
"""Characters of a line; a model that goes on and on is cut."""


def run(**given: Any) -> "Subwords":
    """See glasshead.lab.subwords."""
    from glasshead.lab.subwords import subwords

    return subwords(**given)


def judge(result: "Subwords") -> Verdict:
    """Which of the two models with vocabularies of one size translates better, by chrF."""
    words, pieces, every = result.models
    sentence = (
        f"With {pieces.vocabulary:,} tokens chrF was {pieces.chrf:.1f} for subwords and {words.chrf:.1f} for words; "
        f"{pieces.exact:.0%} and {words.exact:.0%} of the sentences were right. Of the words written "
        f"{words.unknown:.0%} were <unk> with words, {pieces.invented:.0%} do not exist with subwords. "
        f"With all {every.vocabulary:,} words chrF was {every.chrf:.1f}."
    )
    if max(words.exact, pieces.exact) < 0.05:
        sentence += " Neither has learned to translate yet: the full size trains longer."
    better = pieces.chrf - words.chrf
    return Verdict(answer=1 if better > MARGIN else 0 if better < -MARGIN else 2, sentence=sentence)


def exhibits(result: "Subwords") -> tuple[Exhibit, ...]:
    """The merges, what vocabularies cost, what models make of them."""
    sizes = [each.size for each in result.sizes]
    return (
        Table(
            title=f"{len(result.merges)} merges of {result.text_words:,} different words",
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
                Series(label="subwords", x=sizes, y=[each.subword_length for each in result.sizes]),
                Series(label="words", x=sizes, y=[each.word_length for each in result.sizes]),
            ),
            note="Unseen sentences of english-french, both sides.",
        ),
        Table(
            title="vocabularies of one size",
            columns=("size", "words: tokens", "unknown", "subwords: tokens", "unknown", "whole words"),
            rows=tuple(
                (
                    each.size,
                    each.word_length,
                    each.word_unknown,
                    each.subword_length,
                    each.subword_unknown,
                    each.whole,
                )
                for each in result.sizes
            ),
            note="Tokens a sentence; the share of them unknown; the share of merged pieces that are a word.",
        ),
        Table(
            title=f"three models, {result.steps:,} steps on {result.pairs:,} pairs, on unseen sentences",
            columns=("vocabulary", "tokens", "read unk", "right", "chrF", "<unk>", "invented"),
            rows=tuple(
                (
                    f"{each.vocabulary:,} {each.level}s",
                    each.length,
                    each.reads,
                    each.exact,
                    each.chrf,
                    each.unknown,
                    each.invented,
                )
                for each in result.models
            ),
            note="Tokens of a target; unknown ones read; right sentences; words written: <unk>, or not existing.",
        ),
        Lines(
            title="what they write",
            lines=tuple(line for each in result.examples[:4] for line in _translated(result, each)),
        ),
        Lines(
            title="pieces without meaning",
            lines=tuple(_pieces(result)),
            note="A piece that is a word may still be no part of the word it is cut from: only this much is counted.",
        ),
    )


def _joined(words: tuple[str, ...]) -> str:
    """Words as long as there is room for them."""
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
        f"pieces that are no word  {' '.join(result.pieces) or '(none)'}",
        f"put together, no words   {' '.join(each for each in pieces.inventions if len(each) < 16) or '(none)'}",
        f"chrF of subwords         {pieces.chrf:.1f}",
        f"  against as many words  {pieces.chrf - result.models[0].chrf:+.1f}  where unknown words cost",
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
        "The paper's vocabularies are byte-pair encodings (section 5.1): the most frequent pair of neighbours becomes "
        "one token, again and again, so frequent words are whole and rare ones are cut (Sennrich et al. 2016). Pieces "
        "without meaning might harm; words that are not in a vocabulary become <unk>, which surely does.",
        "Merges are learned on your `text`, step by step. Then vocabularies of several sizes cut unseen sentences; and "
        "three models of one shape learn to translate short sentences into French: words and subwords with "
        "`vocab_size` tokens, and words with every word that there is.",
        "Two costs: <unk> with words, invented words with subwords. Words with all their vocabulary show what pieces "
        "cost where nothing is unknown; that model has more parameters, and only a grammar's language has so few "
        "words. chrF compares pieces of spelling; the models are small and trained for minutes at most.",
    ),
    question=Question(
        text="Two models translate unseen sentences, one in words, one in subwords, with as many tokens each. Which is "
        "better?",
        answers=(
            "words: each token means something",
            "subwords: nothing is unknown",
            "about the same",
        ),
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
            most=100_000,
            quick=500,
            full=20_000,
        ),
        Control(
            name="steps",
            usual=100,
            help="steps of each of the three trainings",
            stops=(20, 100, 400, 1000, 2500),
            least=1,
            most=20_000,
            quick=10,
            full=2500,
        ),
        Control(
            name="seed",
            usual=0,
            help="another seed: other weights and sentences",
            stops=(0, 1, 2, 3),
            least=0,
            most=2**32 - 1,
        ),
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
        "Bostrom & Durrett 2020, Byte Pair Encoding is Suboptimal for Language Model Pretraining",
    ),
    result="glasshead.lab.subwords:Subwords",
    trained=True,
)
