"""What a vocabulary costs and saves: whole words against subwords (section 5.1; Sennrich et al. 2016).

Byte-pair encoding is learned merge by merge on a text (bpe.py). Then, on sentences of the recipe english-french: how
many tokens a sentence has and how many of them are unknown, for vocabularies of several sizes; and three models of the
same shape that learn to translate, one on words and one on subwords with vocabularies of the same size, and one on
words with all words there are. Words that a vocabulary lacks become <unk>, which no model can translate; subwords
leave nothing unknown, but a model may put them together to words that stand nowhere in what it read. Both are counted.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from glasshead.errors import GlassheadError
from glasshead.lab.page import LONGEST
from glasshead.lab.tools import checks
from glasshead.lab.tools import small_training as little
from glasshead.lab.tools.bpe import CLASSIC, cut, learn, spelled
from glasshead.lab.tools.checks import whole
from glasshead.lab.tools.schedule import noam
from glasshead.lab.tools.telling import Told, named, part, silent
from glasshead.model import Config, Transformer
from glasshead.recipes import Pair, Split, recipe
from glasshead.text import BYTES, SPECIALS, WORD_START, Codec, Level, Vocabulary
from glasshead.training.evaluate import Sample, Scores, score

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
WORD = re.compile(r"[^\W\d_]+'?")
"""Letters in a row, and the apostrophe behind them: l'homme is two words, as it is for our vocabularies."""
EVERYTHING = 1_000_000
"""More words than there are."""
MOST_PAIRS = 20_000
CHUNK = 256
"""Sentences that are encoded at once, so that it can be told often how far it is."""
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

    asked: int
    """How many tokens each was allowed; subwords always have the letters, and a text may have fewer words."""
    words: int
    """Tokens there are of words …"""
    subwords: int
    """… and of subwords."""
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
    """0–100; an <unk> that was written counts as five characters."""
    chrf_spared: float
    """The same with every <unk> taken out of the translations first."""
    unknown: float
    """The share of words written that are <unk>, 0–1."""
    unread: float
    """The share of words written that stand nowhere in the training sentences of either language, 0–1."""
    unread_words: tuple[str, ...]
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
    """Pieces of the subword model's vocabulary that are no word of the training sentences, the most used in unseen ones
    first."""
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
    pairs: int = 2000,
    steps: int = 120,
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
    whole("pairs", pairs, least=100, most=MOST_PAIRS)
    whole("steps", steps, most=20_000)
    checks.seed(seed)
    word = word.strip()
    common = sorted(counts, key=lambda each: (-counts[each], each))[:SHOWN]
    learned, made = merged_text(counts, merges, common, part(told, 0.0, 0.02))
    train = short("train", pairs, seed, part(told, 0.02, 0.07))
    unseen, sides = short("test", UNSEEN, 0, part(told, 0.07, 0.08)), _sides(train)
    sizes = compared(train, unseen, part(told, 0.08, 0.14))
    levels: tuple[tuple[Level, int], ...] = (("word", vocab_size), ("subword", vocab_size), ("word", EVERYTHING))
    codecs = [
        vocabulary(sides, size, level, part(told, 0.14 + 0.01 * number, 0.15 + 0.01 * number))
        for number, (level, size) in enumerate(levels)
    ]
    read, models, samples = words_in(sides), [], []
    for number, codec in enumerate(codecs):
        start, end = (0.17 + 0.83 * place / len(codecs) for place in (number, number + 1))
        model, given = translator(codec, train, unseen, read, steps, seed, part(told, start, end))
        models.append(model)
        samples.append(given)
    letters = {character for each in counts for character in each}
    return Subwords(
        text_words=len(counts),
        before=tuple(" ".join(spelled(each)) for each in common),
        tokens=sum(counts[each] * (len(each) + 1) for each in counts),
        asked=merges,
        merges=made,
        word=word,
        word_seen=word in counts,
        word_symbols=cut(word, learned),
        word_known=set(word) <= letters,
        pairs=len(train),
        sizes=sizes,
        pieces=meaningless(codecs[1], read, _sides(unseen)),
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


def merged_text(
    counts: Counter[str], merges: int, common: Sequence[str], told: Told
) -> tuple[list[tuple[str, str]], tuple[Merge, ...]]:
    """The merges of a text as pairs, and each with its counts; common: the words that are shown as they then stand."""
    learned, made = list[tuple[str, str]](), list[Merge]()
    for step in learn(counts, merges):
        told(len(made) / merges, f"merge {len(made) + 1} of {merges}")
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
    told(1.0, "sentences")
    return learned, tuple(made)


def short(split: Split, count: int, seed: int, told: Told) -> list[Pair]:
    """Different sentence pairs of english-french with at most `WORDS` English words, lower-case; perhaps fewer."""
    found: dict[str, str] = {}
    tries = islice(recipe("english-french").pairs(split, seed), 1000 + 100 * count)
    for number, (source, target) in enumerate(tries):
        if number % 100 == 0:
            told(len(found) / count, f"{len(found):,} of {count:,} sentences")
        if len(source.split()) <= WORDS:
            found[source.lower()] = target.lower()
        if len(found) >= count:
            break
    return list(found.items())


def compared(train: list[Pair], unseen: list[Pair], told: Told) -> tuple[Size, ...]:
    """Vocabularies of `SIZES` learned on some sentences, and how they cut others."""
    texts, others = _sides(train[:COMPARED]), _sides(unseen)
    read, found = words_in(texts), []
    for number, size in enumerate(SIZES):
        telling = part(told, number / len(SIZES), (number + 1) / len(SIZES))
        words = vocabulary(texts, size, "word", part(telling, 0.0, 0.5))
        pieces = vocabulary(texts, size, "subword", part(telling, 0.5, 1.0))
        learned = [_bare(name) for name in map(pieces.name, range(len(SPECIALS) + len(BYTES), pieces.size))]
        merged = [name for name in learned if len(name) > 1]
        found.append(
            Size(
                asked=size,
                words=words.size,
                subwords=pieces.size,
                word_length=_mean(len(words.encode(text)) for text in others),
                subword_length=_mean(len(pieces.encode(text)) for text in others),
                word_unknown=unknown(words, others),
                subword_unknown=unknown(pieces, others),
                whole=_mean(name in read for name in merged) if merged else None,
            )
        )
    return tuple(found)


def vocabulary(texts: Sequence[str], size: int, level: Level, told: Told) -> Codec:
    """A vocabulary of at most `size` tokens, learned from texts; subwords have more where there are so many letters."""
    return Codec.train(_read(texts, told, f"a vocabulary of {level}s"), vocab_size=size, level=level)


def encoded(codec: Codec, texts: Sequence[str], told: Told) -> list[list[int]]:
    """The ids of texts."""
    found = list[list[int]]()
    for start in range(0, len(texts), CHUNK):
        told(start / len(texts), f"{start:,} of {len(texts):,} sentences")
        found += codec.encode_batch(texts[start : start + CHUNK])
    return found


def unknown(codec: Codec, texts: Iterable[str]) -> float:
    """The share of the texts' tokens that are <unk>, 0–1."""
    return _mean(number == Codec.UNK for text in texts for number in codec.encode(text))


def words_in(texts: Iterable[str]) -> frozenset[str]:
    """All words of texts of either language, as they are written within a sentence."""
    return frozenset(each for text in texts for each in WORD.findall(text))


def meaningless(codec: Codec, read: Collection[str], texts: Iterable[str]) -> tuple[str, ...]:
    """Pieces of two characters and more that are no word of those read, those first that the texts use most."""
    used = Counter(codec.name(number) for text in texts for number in codec.encode(text))
    pieces = [each for each in used if each not in BYTES and len(_bare(each)) > 1 and _bare(each) not in read]
    return tuple(sorted(pieces, key=lambda each: (-used[each], each)))[:SHOWN]


def translator(
    codec: Codec,
    train: list[Pair],
    unseen: list[Pair],
    read: Collection[str],
    steps: int,
    seed: int,
    told: Told,
) -> tuple[Model, tuple[Sample, ...]]:
    """A model with a vocabulary that learns to translate, and its translations of unseen sentences; read: all words
    that it learned from."""
    telling = named(told, f"{codec.size:,} {codec.level}s")
    examples = little.pairs(
        encoded(codec, [source for source, _ in train], part(telling, 0.0, 0.02)),
        encoded(codec, [target for _, target in train], part(telling, 0.02, 0.04)),
    )
    model = model_of(codec.size, max(examples.source.shape[1], examples.target.shape[1]), seed)
    rate = noam(PEAK, max(1, steps // 5))
    little.train(model, examples, steps=steps, rate=rate, batch=BATCH, seed=seed, told=part(telling, 0.04, 0.9))
    scores = translated(model, codec, unseen, part(telling, 0.9, 1.0))
    return measured(model, codec, unseen, read, scores), scores.samples


def model_of(vocab_size: int, longest: int, seed: int) -> Transformer:
    """A model as it is before its first step, for sentences of at most `longest` tokens and longer mistakes."""
    return little.build(
        Config(
            vocab_size=vocab_size,
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


def translated(model: Transformer, codec: Codec, unseen: list[Pair], told: Told) -> Scores:
    """The model's translations, one token at a time, and their scores."""
    share, words = 0.0, "the references"

    def heard(what: str, done: int, of: int) -> None:
        nonlocal share, words
        share, words = done / max(1, of), what
        told(share, words)

    def stop() -> bool:  # asked before every token of them all, which may take longer than one of them
        told(share, words)
        return False

    return score(model, Vocabulary.shared(codec), unseen, stop=stop, told=heard)


def measured(model: Transformer, codec: Codec, unseen: list[Pair], read: Collection[str], scores: Scores) -> Model:
    """What a model reads and writes, counted."""
    from sacrebleu.metrics.chrf import CHRF  # late, as in training/evaluate.py: a shipped result needs none of it

    given = [sample.given for sample in scores.samples]
    spared = [" ".join(each.replace(UNKNOWN, " ").split()) for each in given]
    unknowns = sum(each.count(UNKNOWN) for each in given)
    written = [word for each in spared for word in WORD.findall(each)]
    unread = [word for word in written if word not in read]
    total = max(1, len(written) + unknowns)
    return Model(
        level=codec.level,
        vocabulary=codec.size,
        parameters=sum(each.numel() for each in model.parameters()),
        length=_mean(len(codec.encode(target)) for _, target in unseen),
        reads=unknown(codec, [source for source, _ in unseen]),
        exact=scores.exact,
        chrf=scores.chrf,
        chrf_spared=CHRF().corpus_score(spared, [[sample.expected for sample in scores.samples]]).score,
        unknown=unknowns / total,
        unread=len(unread) / total,
        unread_words=tuple(dict.fromkeys(unread))[:SHOWN],
    )


def _read(texts: Sequence[str], told: Told, words: str) -> Iterator[str]:
    """The texts, one after the other, telling how far the reader is."""
    for number, text in enumerate(texts):
        if number % CHUNK == 0:
            told(number / len(texts), words)
        yield text


def _bare(piece: str) -> str:
    """A piece without the sign that it begins a word."""
    return piece.removeprefix(WORD_START)


def _sides(pairs: Iterable[Pair]) -> list[str]:
    return [side for pair in pairs for side in pair]


def _mean(values: Iterable[float]) -> float:
    """0 of nothing."""
    found = list(values)
    return sum(found) / len(found) if found else 0.0
