"""The cost and the savings of a vocabulary: whole words against subwords (section 5.1; Sennrich et al. 2016).

Byte-pair encoding is learned merge by merge on a text (bpe.py). Then, on sentences of the recipe english-french: the
tokens of a sentence and the share of unknown ones, for vocabularies of several sizes. Then three models of the same
shape learn to translate: two with vocabularies of the same size, of words and of subwords, and one with every word that
occurs. Words that a vocabulary lacks become <unk>, which no model can translate. Subwords leave nothing unknown, but a
model may combine them into words that occur nowhere in its training. Both are counted.
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
from glasshead.lab.tools.progress import Progress, named, part, silent
from glasshead.lab.tools.schedule import noam
from glasshead.model import Config, Transformer
from glasshead.recipes import Pair, Split, recipe
from glasshead.text import BYTES, SPECIALS, WORD_START, Codec, Level, Vocabulary
from glasshead.training.evaluate import Sample, Scores, score

SIZES = (300, 400, 600, 1000, 1500, 3000)
"""Vocabulary sizes that are compared by the length of sentences."""
COMPARED = 1500
"""Most sentences that these vocabularies are learned from."""
SMALLEST = 300
"""Smallest vocabulary: subwords always have 4 specials, 256 bytes, and the letters of both languages."""
WIDTH, HEADS, LAYERS, BATCH, PEAK = 64, 4, 1, 32, 0.006
"""The trained models' d_model and heads (d_ff is 4 · d_model), layers of each stack, and their training."""
WORDS = 5
"""Most words of an English sentence."""
UNSEEN = 100
"""Number of sentences to translate."""
UNKNOWN = SPECIALS[Codec.UNK]
WORD = re.compile(r"[^\W\d_]+'?")
"""Letters in a row, and the apostrophe behind them: l'homme is two words, as it is for our vocabularies."""
EVERYTHING = 1_000_000
"""More words than occur."""
MOST_PAIRS = 20_000
CHUNK = 256
"""Sentences encoded at a time, so that progress is reported often."""
SHOWN = 12
"""Number of examples of a kind that are kept."""


@dataclass(frozen=True, kw_only=True)
class Merge:
    """One merge of the text."""

    left: str
    right: str
    count: int
    """Count of the pair in the text."""
    tokens: int
    """Number of symbols of the text after the merge."""
    words: tuple[str, ...]
    """The most frequent words after the merge, symbols with spaces between."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """Vocabularies of one size at both levels, on unseen sentences of both languages."""

    asked: int
    """Allowed tokens; subwords always have the letters, and a text may have fewer words."""
    words: int
    """Size of the word vocabulary."""
    subwords: int
    """Size of the subword vocabulary."""
    word_length: float
    """Mean tokens of a sentence."""
    subword_length: float
    word_unknown: float
    """Share of tokens that are <unk>, 0–1."""
    subword_unknown: float
    whole: float | None
    """Share of merged pieces that are a whole word of the training sentences, 0–1; None without merges."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model that learned to translate, measured on unseen sentences."""

    level: Level
    vocabulary: int
    """Size of its vocabulary."""
    parameters: int
    length: float
    """Mean tokens of a target sentence, without the end token."""
    reads: float
    """Share of source tokens that are <unk>, 0–1."""
    exact: float
    """Share of sentences translated right to the last character, 0–1."""
    chrf: float
    """0–100; a generated <unk> counts as five characters."""
    chrf_spared: float
    """chrF after every <unk> is removed from the translations."""
    unknown: float
    """Share of generated words that are <unk>, 0–1."""
    unread: float
    """Share of generated words that occur nowhere in the training sentences of either language, 0–1."""
    unread_words: tuple[str, ...]
    """Some of those words."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """An unseen sentence and its translations, in the order of the models."""

    source: str
    expected: str
    given: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Subwords:
    """The result of the experiment."""

    text_words: int
    """Number of different words in the text."""
    before: tuple[str, ...]
    """The most frequent words before any merge."""
    tokens: int
    """Number of symbols of the text before any merge."""
    asked: int
    merges: tuple[Merge, ...]
    word: str
    word_seen: bool
    """Whether the word occurs in the text."""
    word_symbols: tuple[str, ...]
    """The word after the merges."""
    word_known: bool
    """Whether all its characters occur in the text."""
    pairs: int
    """Number of sentence pairs in training."""
    sizes: tuple[Size, ...]
    pieces: tuple[str, ...]
    """Pieces of the subword vocabulary that are no training word, those most used in unseen sentences first."""
    steps: int
    models: tuple[Model, ...]
    """Words and subwords with vocabularies of one size, then words with every word."""
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
    progress: Progress = silent,
) -> Subwords:
    """Learn merges on a text and vocabularies on sentences, and train three models.

    merges: at most this many · word: is cut by them, whether it occurs in the text or not · vocab_size: of words and of
    subwords · pairs: sentences to learn from · steps: of each training. Raises GlassheadError for a text without words
    and for invalid numbers.
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
    learned, made = merged_text(counts, merges, common, part(progress, 0.0, 0.02))
    train = short("train", pairs, seed, part(progress, 0.02, 0.07))
    unseen, sides = short("test", UNSEEN, 0, part(progress, 0.07, 0.08)), _sides(train)
    sizes = compared(train, unseen, part(progress, 0.08, 0.14))
    levels: tuple[tuple[Level, int], ...] = (("word", vocab_size), ("subword", vocab_size), ("word", EVERYTHING))
    codecs = [
        vocabulary(sides, size, level, part(progress, 0.14 + 0.01 * number, 0.15 + 0.01 * number))
        for number, (level, size) in enumerate(levels)
    ]
    read, models, samples = words_in(sides), [], []
    for number, codec in enumerate(codecs):
        start, end = (0.17 + 0.83 * place / len(codecs) for place in (number, number + 1))
        model, given = translator(codec, train, unseen, read, steps, seed, part(progress, start, end))
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
    """Count the words of a text, split at white space and otherwise unchanged.

    Raises GlassheadError for a text without words, and for one that is too long.
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
    counts: Counter[str], merges: int, common: Sequence[str], progress: Progress
) -> tuple[list[tuple[str, str]], tuple[Merge, ...]]:
    """Learn the merges of a text, and record the counts of each. common: the words to show after each merge."""
    learned, made = list[tuple[str, str]](), list[Merge]()
    for step in learn(counts, merges):
        progress(len(made) / merges, f"merge {len(made) + 1} of {merges}")
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
    progress(1.0, "sentences")
    return learned, tuple(made)


def short(split: Split, count: int, seed: int, progress: Progress) -> list[Pair]:
    """Draw distinct lower-case pairs with at most `WORDS` English words; perhaps fewer than `count`."""
    found: dict[str, str] = {}
    tries = islice(recipe("english-french").pairs(split, seed), 1000 + 100 * count)
    for number, (source, target) in enumerate(tries):
        if number % 100 == 0:
            progress(len(found) / count, f"{len(found):,} of {count:,} sentences")
        if len(source.split()) <= WORDS:
            found[source.lower()] = target.lower()
        if len(found) >= count:
            break
    return list(found.items())


def compared(train: list[Pair], unseen: list[Pair], progress: Progress) -> tuple[Size, ...]:
    """Learn vocabularies of `SIZES` on some sentences, and measure how they cut others."""
    texts, others = _sides(train[:COMPARED]), _sides(unseen)
    read, found = words_in(texts), []
    for number, size in enumerate(SIZES):
        inner = part(progress, number / len(SIZES), (number + 1) / len(SIZES))
        words = vocabulary(texts, size, "word", part(inner, 0.0, 0.5))
        pieces = vocabulary(texts, size, "subword", part(inner, 0.5, 1.0))
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


def vocabulary(texts: Sequence[str], size: int, level: Level, progress: Progress) -> Codec:
    """Learn a vocabulary of at most `size` tokens from texts; subwords get more if the text has more letters."""
    return Codec.train(_read(texts, progress, f"a vocabulary of {level}s"), vocab_size=size, level=level)


def encoded(codec: Codec, texts: Sequence[str], progress: Progress) -> list[list[int]]:
    """Encode texts to ids, reporting progress."""
    found = list[list[int]]()
    for start in range(0, len(texts), CHUNK):
        progress(start / len(texts), f"{start:,} of {len(texts):,} sentences")
        found += codec.encode_batch(texts[start : start + CHUNK])
    return found


def unknown(codec: Codec, texts: Iterable[str]) -> float:
    """Compute the share of the texts' tokens that are <unk>, 0–1."""
    return _mean(number == Codec.UNK for text in texts for number in codec.encode(text))


def words_in(texts: Iterable[str]) -> frozenset[str]:
    """Collect all words of texts of either language, as they are written within a sentence."""
    return frozenset(each for text in texts for each in WORD.findall(text))


def meaningless(codec: Codec, read: Collection[str], texts: Iterable[str]) -> tuple[str, ...]:
    """List pieces of two or more characters that are no known word, those that the texts use most first."""
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
    progress: Progress,
) -> tuple[Model, tuple[Sample, ...]]:
    """Train a model with a vocabulary, and translate unseen sentences. read: all words that it learned from."""
    inner = named(progress, f"{codec.size:,} {codec.level}s")
    examples = little.pairs(
        encoded(codec, [source for source, _ in train], part(inner, 0.0, 0.02)),
        encoded(codec, [target for _, target in train], part(inner, 0.02, 0.04)),
    )
    model = model_of(codec.size, max(examples.source.shape[1], examples.target.shape[1]), seed)
    rate = noam(PEAK, max(1, steps // 5))
    little.train(model, examples, steps=steps, rate=rate, batch=BATCH, seed=seed, progress=part(inner, 0.04, 0.9))
    scores = translated(model, codec, unseen, part(inner, 0.9, 1.0))
    return measured(model, codec, unseen, read, scores), scores.samples


def model_of(vocab_size: int, longest: int, seed: int) -> Transformer:
    """Build an untrained model, for sentences of at most `longest` tokens and longer mistakes."""
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


def translated(model: Transformer, codec: Codec, unseen: list[Pair], progress: Progress) -> Scores:
    """Translate the unseen sentences and score the translations."""
    share, words = 0.0, "the references"

    def heard(what: str, done: int, of: int) -> None:
        nonlocal share, words
        share, words = done / max(1, of), what
        progress(share, words)

    def stop() -> bool:  # called before every token, so that a long sentence reports too
        progress(share, words)
        return False

    return score(model, Vocabulary.shared(codec), unseen, stop=stop, progress=heard)


def measured(model: Transformer, codec: Codec, unseen: list[Pair], read: Collection[str], scores: Scores) -> Model:
    """Count known and unknown words in a model's input and output."""
    from sacrebleu.metrics.chrf import (
        CHRF,  # late, as in evaluate.py: a shipped result does not need it
    )

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


def _read(texts: Sequence[str], progress: Progress, words: str) -> Iterator[str]:
    """Iterate over the texts and report the progress of the reader."""
    for number, text in enumerate(texts):
        if number % CHUNK == 0:
            progress(number / len(texts), words)
        yield text


def _bare(piece: str) -> str:
    """Remove the mark of a word's beginning from a piece."""
    return piece.removeprefix(WORD_START)


def _sides(pairs: Iterable[Pair]) -> list[str]:
    return [side for pair in pairs for side in pair]


def _mean(values: Iterable[float]) -> float:
    """Average the values; 0 if there are none."""
    found = list(values)
    return sum(found) / len(found) if found else 0.0
