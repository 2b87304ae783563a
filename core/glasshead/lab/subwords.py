"""What a vocabulary costs and saves: whole words against subwords (section 5.1; Sennrich et al. 2016).

Byte-pair encoding is learned merge by merge on a text (bpe.py). Then, on sentences of the recipe english-french: how
many tokens a sentence has and how many of them are unknown, for vocabularies of several sizes; and three models of the
same shape that learn to translate, one on words and one on subwords with vocabularies of the same size, and one on
words with all words there are. Words that a vocabulary lacks become <unk>, which no model can translate; subwords
leave nothing unknown, but a model may put them together to words that do not exist. Both are counted.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from glasshead.errors import GlassheadError
from glasshead.lab import checks, little
from glasshead.lab.bpe import CLASSIC, cut, learn, spelled
from glasshead.lab.checks import whole
from glasshead.lab.pace import noam
from glasshead.lab.page import LONGEST
from glasshead.lab.telling import Told, named, part, silent
from glasshead.model import Config
from glasshead.recipes import Pair, Split, recipe
from glasshead.text import BYTES, SPECIALS, WORD_START, Codec, Level, Vocabulary
from glasshead.training.evaluate import Sample, score

SIZES = (300, 400, 600, 1000, 1500, 3000)
"""Vocabularies that are compared by the length of sentences."""
COMPARED = 1500
"""Sentences that these are learned from, at most."""
SMALLEST = 300
"""Of a vocabulary: subwords always have 4 specials, 256 bytes, and the letters of both languages."""
WIDTH, HEADS, LAYERS, BATCH, PEAK = 64, 4, 1, 32, 0.006
"""The trained models' d_model and heads (d_ff is 4 · d_model), layers of each stack, and their training."""
WORDS = 5
"""Words of the longest English sentence."""
UNSEEN = 100
"""Sentences that are translated."""
UNKNOWN = SPECIALS[Codec.UNK]
MARKS = ".,?!"
EVERYTHING = 1_000_000
"""More words than there are."""
SHOWN = 12
"""How many examples of a kind are kept."""


@dataclass(frozen=True, kw_only=True)
class Merge:
    """One merge of the text."""

    left: str
    right: str
    count: int
    """How often the pair stood in the text."""
    tokens: int
    """How many symbols the text has after it."""
    words: tuple[str, ...]
    """The most frequent words as they then stand, symbols with spaces between."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """Vocabularies of one size at both levels, on unseen sentences of both languages."""

    size: int
    word_length: float
    """Tokens a sentence, on average."""
    subword_length: float
    word_unknown: float
    """The share of tokens that are <unk>, 0–1."""
    subword_unknown: float
    whole: float | None
    """The share of merged pieces that are a whole word of the training sentences, 0–1; None where nothing is merged."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model that learned to translate, on unseen sentences."""

    level: Level
    vocabulary: int
    """Tokens there are."""
    parameters: int
    length: float
    """Tokens a target sentence, on average, the end not counted."""
    reads: float
    """The share of source tokens that are <unk>, 0–1."""
    exact: float
    """The share of sentences translated right to the last character, 0–1."""
    chrf: float
    """0–100."""
    unknown: float
    """The share of words written (what stands between spaces) that are <unk>, 0–1."""
    invented: float
    """The share of words written that stand nowhere in the training sentences' French, <unk> not counted, 0–1."""
    inventions: tuple[str, ...]
    """Some of them."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """An unseen sentence and its translations, in the order of the models."""

    source: str
    expected: str
    given: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Subwords:
    """The whole of it."""

    text_words: int
    """Different words of the text."""
    before: tuple[str, ...]
    """The most frequent words before any merge."""
    tokens: int
    """Symbols of the text before any merge."""
    asked: int
    merges: tuple[Merge, ...]
    word: str
    word_seen: bool
    """Whether the word stands in the text."""
    word_symbols: tuple[str, ...]
    """The word as the merges leave it."""
    word_known: bool
    """Whether all its characters stand in the text."""
    pairs: int
    """Sentence pairs in training."""
    sizes: tuple[Size, ...]
    pieces: tuple[str, ...]
    """Pieces of the subword model's vocabulary that are no word, the most used in unseen sentences first."""
    steps: int
    models: tuple[Model, ...]
    """Words and subwords with vocabularies of one size, then words with all there are."""
    examples: tuple[Example, ...]


def subwords(
    *,
    text: str = CLASSIC,
    merges: int = 10,
    word: str = "lowest",
    vocab_size: int = 600,
    pairs: int = 20_000,
    steps: int = 1500,
    seed: int = 0,
    told: Told = silent,
) -> Subwords:
    """Merges on a text, vocabularies on sentences, and three models.

    merges: at most so many · word: is cut by them, whether it stands in the text or not · vocab_size: of words and of
    subwords · pairs: sentences to learn from · steps: of each training. Raises GlassheadError for a text without words
    and for numbers that cannot be.
    """
    counts = words_of(text)
    whole("merges", merges, least=0, most=300)
    if not isinstance(word, str) or len(word.split()) != 1 or len(word) > 100:
        raise GlassheadError(f"word is {word!r:.60}; it must be one word of at most 100 characters.")
    whole("vocab_size", vocab_size, least=SMALLEST, most=20_000)
    whole("pairs", pairs, least=100, most=100_000)
    whole("steps", steps, most=20_000)
    checks.seed(seed)
    common = sorted(counts, key=lambda each: (-counts[each], each))[:SHOWN]
    learned, made = list[tuple[str, str]](), list[Merge]()
    for step in learn(counts, merges):
        told(0.02 * len(made) / merges, f"merge {len(made) + 1} of {merges}")
        learned.append(step.pair)
        made.append(
            Merge(
                left=step.pair[0],
                right=step.pair[1],
                count=step.count,
                tokens=sum(counts[each] * len(symbols) for each, symbols in step.words.items()),
                words=tuple(" ".join(step.words[each]) for each in common),
            )
        )
    told(0.02, "sentences")
    train, unseen = short("train", pairs, seed, part(told, 0.02, 0.08)), short("test", UNSEEN, 0, silent)
    sizes = compared(train, unseen, part(told, 0.08, 0.14))
    levels: tuple[tuple[Level, int], ...] = (("word", vocab_size), ("subword", vocab_size), ("word", EVERYTHING))
    models, samples = [], []
    for number, (level, size) in enumerate(levels):
        start, share = 0.14 + 0.86 * number / len(levels), 0.86 / len(levels)
        model, given = trained(level, size, train, unseen, steps, seed, part(told, start, start + share))
        models.append(model)
        samples.append(given)
    letters = {character for each in counts for character in each}
    return Subwords(
        text_words=len(counts),
        before=tuple(" ".join(spelled(each)) for each in common),
        tokens=sum(counts[each] * (len(each) + 1) for each in counts),
        asked=merges,
        merges=tuple(made),
        word=word.strip(),
        word_seen=word.strip() in counts,
        word_symbols=cut(word.strip(), learned),
        word_known=set(word.strip()) <= letters,
        pairs=len(train),
        sizes=sizes,
        pieces=meaningless(Codec.train(_sides(train), vocab_size=vocab_size), lexicon(_sides(train)), _sides(unseen)),
        steps=steps,
        models=tuple(models),
        examples=tuple(
            Example(source=first.source, expected=first.expected, given=tuple(each.given for each in (first, *others)))
            for first, *others in islice(zip(*samples, strict=True), SHOWN)
        ),
    )


def words_of(text: str) -> Counter[str]:
    """The words of a text, what stands between white space, and how often each does; as they are, case and all.

    Raises GlassheadError for a text without words, or of more characters than are read.
    """
    if not isinstance(text, str):
        raise GlassheadError(f"text is {text!r:.60}; it must be a text.")
    if len(text) > LONGEST:
        raise GlassheadError(f"text has {len(text):,} characters; at most {LONGEST:,} are read.")
    counts = Counter(text.split())
    if not counts:
        raise GlassheadError("text has no words; give some, with spaces between them.")
    return counts


def short(split: Split, count: int, seed: int, told: Told) -> list[Pair]:
    """Different sentence pairs of english-french with at most `WORDS` English words, lower-case; perhaps fewer."""
    found: dict[str, str] = {}
    tries = islice(recipe("english-french").pairs(split, seed), 1000 + 100 * count)
    for number, (source, target) in enumerate(tries):
        if number % 1000 == 0:
            told(len(found) / count, f"{len(found):,} of {count:,} sentences")
        if len(source.split()) <= WORDS:
            found[source.lower()] = target.lower()
        if len(found) >= count:
            break
    return list(found.items())


def compared(train: list[Pair], unseen: list[Pair], told: Told) -> tuple[Size, ...]:
    """Vocabularies of `SIZES` learned on some sentences, and how they cut others."""
    texts, others = _sides(train[:COMPARED]), _sides(unseen)
    every = lexicon(texts)
    known, found = {every.name(place) for place in range(every.size)}, []
    for number, size in enumerate(SIZES):
        told(number / len(SIZES), f"vocabularies of {size:,}")
        words, pieces = (Codec.train(texts, vocab_size=size, level=level) for level in ("word", "subword"))
        names = [pieces.name(place) for place in range(len(SPECIALS) + len(BYTES), pieces.size)]
        learned = [name for name in names if len(name.removeprefix(WORD_START)) > 1]
        found.append(
            Size(
                size=size,
                word_length=_mean(len(words.encode(text)) for text in others),
                subword_length=_mean(len(pieces.encode(text)) for text in others),
                word_unknown=unknown(words, others),
                subword_unknown=unknown(pieces, others),
                whole=_mean(name in known for name in learned) if learned else None,
            )
        )
    return tuple(found)


def unknown(codec: Codec, texts: Iterable[str]) -> float:
    """The share of the texts' tokens that are <unk>, 0–1."""
    return _mean(number == Codec.UNK for text in texts for number in codec.encode(text))


def lexicon(texts: Iterable[str]) -> Codec:
    """The vocabulary of all words of some texts: what it calls unknown stands nowhere in them."""
    return Codec.train(texts, vocab_size=EVERYTHING, level="word")


def meaningless(codec: Codec, words: Codec, texts: Iterable[str]) -> tuple[str, ...]:
    """Pieces of two characters and more that are no whole word, those first that the texts use most."""
    known = {words.name(place) for place in range(words.size)}
    used = Counter(codec.name(number) for text in texts for number in codec.encode(text))
    pieces = [each for each in used if len(each.removeprefix(WORD_START)) > 1 and each not in known]
    return tuple(sorted((each for each in pieces if each not in BYTES), key=lambda each: (-used[each], each)))[:SHOWN]


def trained(
    level: Level, size: int, train: list[Pair], unseen: list[Pair], steps: int, seed: int, told: Told
) -> tuple[Model, tuple[Sample, ...]]:
    """One model with a vocabulary of at most `size` tokens, and its translations of unseen sentences."""
    told(0.0, "a vocabulary")
    codec = Codec.train(_sides(train), vocab_size=size, level=level)
    examples = little.pairs(
        codec.encode_batch([source for source, _ in train]), codec.encode_batch([target for _, target in train])
    )
    longest = max(examples.source.shape[1], examples.target.shape[1])
    model = little.build(
        Config(
            vocab_size=codec.size,
            d_model=WIDTH,
            heads=HEADS,
            d_ff=4 * WIDTH,
            encoder_layers=LAYERS,
            decoder_layers=LAYERS,
            dropout=0.0,
            max_length=2 * longest + 64,
        ),
        seed,
    )
    name = f"{codec.size:,} {level}s"
    telling, rate = named(part(told, 0.0, 0.95), name), noam(PEAK, max(1, steps // 5))
    little.train(model, examples, steps=steps, rate=rate, batch=BATCH, seed=seed, told=telling)
    scores = score(
        model,
        Vocabulary.shared(codec),
        unseen,
        told=lambda what, done, of: told(0.95 + 0.05 * done / max(1, of), f"{name}: {what}"),
    )
    written = [each for sample in scores.samples for each in sample.given.split()]
    french = lexicon(target for _, target in train)
    invented = [each for each in written if UNKNOWN not in each and Codec.UNK in french.encode(each)]
    return Model(
        level=level,
        vocabulary=codec.size,
        parameters=sum(each.numel() for each in model.parameters()),
        length=_mean(len(codec.encode(target)) for _, target in unseen),
        reads=unknown(codec, [source for source, _ in unseen]),
        exact=scores.exact,
        chrf=scores.chrf,
        unknown=_mean(UNKNOWN in each for each in written),
        invented=len(invented) / max(1, len(written)),
        inventions=tuple(dict.fromkeys(each.strip(MARKS) for each in invented))[:SHOWN],
    ), scores.samples


def _sides(pairs: Iterable[Pair]) -> list[str]:
    return [side for pair in pairs for side in pair]


def _mean(values: Iterable[float]) -> float:
    """0 of nothing."""
    found = list(values)
    return sum(found) / len(found) if found else 0.0
