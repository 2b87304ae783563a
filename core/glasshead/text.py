"""Text and tokens: byte-pair encoding (Sennrich et al. 2016) by the `tokenizers` library, or whole words to compare.

The paper, section 5.1, shares one BPE vocabulary between source and target; that is the default here too, and a
`Vocabulary` of two is the departure. Two things are ours:

- **No text is impossible.** Characters that the subwords lack become the bytes of their UTF-8 form, one token each.
- **Nothing typed is special.** `</s>` or `<0x41>` in a sentence are ordinary characters; specials exist only as ids.

Subwords are laid out as specials (0–3), the 256 bytes, the alphabet, the merges in the order they were learned. Words
are laid out as specials, then words, the most frequent first; an unknown word is `<unk>`, the price of words.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from glasshead.errors import GlassheadError, brief
from glasshead.files import read_plain, refuse_pointer
from glasshead.spaces import WHITE_SPACE

Level = Literal["subword", "word"]
SPECIALS = ("<pad>", "<s>", "</s>", "<unk>")
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
LARGEST = 1 << 24
"""Entries of the largest vocabulary that is learned. The library allocates memory for all of them at once."""
WORD_START = "▁"
LARGEST = 256 << 20
"""Bytes of a vocabulary's file."""
APOSTROPHES = "[’‘ʼ‛′`´]"
ALONE = r"▁?(?:\p{N}|[[\p{P}\p{S}]&&[^'▁]])"
"""Pattern of tokens that stand alone: every digit and every mark, so that numbers can be copied digit by digit; the
space before belongs to it. The apostrophe is no such mark, it stays with the text before it: l' | homme, it' | s.
"""


@dataclass(frozen=True, slots=True)
class Token:
    """One token for a reader. `text` is its name in the vocabulary: "▁chat" begins a word, "s" continues one."""

    id: int
    text: str
    probability: float | None = None


class Codec:
    """Text ↔ ids. Ids 0–3 are padding, start, end and unknown; `encode` yields none of them but the unknown word."""

    PAD: ClassVar[int] = 0
    BOS: ClassVar[int] = 1
    EOS: ClassVar[int] = 2
    UNK: ClassVar[int] = 3
    REMEDY: ClassVar[str] = "`glasshead train` wrote"
    """Clause that says which files can be read."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.size: int = tokenizer.get_vocab_size()
        self.level: Level = "word" if isinstance(tokenizer.model, models.WordLevel) else "subword"
        """Kind of token: a subword, so that nothing is unknown, or a whole word."""
        self.marks = frozenset(range(self.UNK if self.level == "word" else len(SPECIALS)))
        """Ids that are no text: start, end, padding. The unknown word is text, which a reader sees."""
        self.unknown: int | None = self.UNK
        """Id that stands for all that the vocabulary lacks; None if there is none."""
        self.normalization = Normalization(tokenizer.normalizer)
        self.lowercase: bool = self.normalize("A") == "a"
        """Whether all text is read in lower case."""

    @classmethod
    def train(cls, texts: Iterable[str], *, vocab_size: int, lowercase: bool = True, level: Level = "subword") -> Self:
        """Learn a vocabulary of at most `vocab_size` entries from `texts`.

        A subword vocabulary always has the specials, the bytes and every character seen; merges fill the rest. If a
        `vocab_size` leaves no rest, tokens are characters. A word vocabulary always has the specials; the most frequent
        words fill the rest, equally frequent ones in the order of their characters.
        """
        if level == "word":
            words = _pipeline(models.WordLevel(), lowercase=lowercase)
            room = min(LARGEST, max(0, vocab_size - len(SPECIALS)))
            by_count = trainers.WordLevelTrainer(vocab_size=room, min_frequency=1, show_progress=False)
            words.train_from_iterator(map(_begun, texts), trainer=by_count)
            vocabulary = _numbered(SPECIALS, words.get_vocab())
            return cls(_pipeline(models.WordLevel(vocabulary, unk_token=SPECIALS[cls.UNK]), lowercase=lowercase))
        learner = _pipeline(models.BPE(), lowercase=lowercase)
        room = min(LARGEST, max(0, vocab_size - len(SPECIALS) - len(BYTES)))
        trainer = trainers.BpeTrainer(vocab_size=room, min_frequency=2, show_progress=False, special_tokens=[])
        learner.train_from_iterator(map(_begun, texts), trainer=trainer)
        learned = json.loads(learner.to_str())["model"]
        vocabulary = _numbered((*SPECIALS, *BYTES), learned["vocab"])
        merges = [_merge(entry) for entry in learned["merges"]]
        return cls(_pipeline(_subwords(vocabulary, merges), lowercase=lowercase))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a `tokenizer.json` of either level.

        Raises GlassheadError if the file is missing, is not a tokenizer, or is not one that `train` could have made.
        """
        path = Path(path)
        refuse_pointer(path)
        try:
            text = read_plain(path, LARGEST).decode()
        except FileNotFoundError:
            raise GlassheadError(f"There is no vocabulary at {path}: expected a {path.name} there.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise GlassheadError(f"The vocabulary {path} cannot be read: {brief(error)}.") from None
        return cls.from_json(text, path)

    @classmethod
    def from_json(cls, text: str, path: Path) -> Self:
        """Make a codec of the text of a `tokenizer.json`. path: of the file, for errors, which are those of `load`."""
        try:
            tokenizer = Tokenizer.from_str(text)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # the library raises a bare Exception, and a panic is not even that
            raise GlassheadError(
                f"{path} is not a whole {path.name} of the `tokenizers` library ({brief(error)}); copy it again."
            ) from None
        problem = cls.refusal(tokenizer)
        if problem is not None:
            raise GlassheadError(
                f"{path} is a vocabulary of another kind: {problem}. Use a tokenizer.json that {cls.REMEDY}."
            )
        return cls(tokenizer)

    def to_json(self) -> str:
        """Write the text of a `tokenizer.json`: the same vocabulary always gives the same."""
        return str(self._tokenizer.to_str(pretty=True)) + "\n"

    @classmethod
    def refusal(cls, tokenizer: Tokenizer) -> str | None:
        """Describe why a tokenizer is not one that `train` could have made; None if it is one."""
        return _foreign(tokenizer)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `tokenizer.json`: the same vocabulary always gives the same bytes."""
        path = Path(path)
        partial = path.with_name(path.name + ".part")
        partial.write_text(self.to_json(), encoding="utf-8")
        partial.replace(path)

    def normalize(self, text: str) -> str:
        """Normalize a text for the vocabulary: NFC, plain apostrophes, single spaces, lower case if it has no other."""
        return self.normalization(text)

    def encode(self, text: str) -> list[int]:
        """Encode a text to ids, without start and end. Never fails; the only special is UNK, for an unknown word."""
        ids: list[int] = self._tokenizer.encode(_begun(text), add_special_tokens=False).ids
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode many texts, on all cores."""
        found = self._tokenizer.encode_batch_fast([_begun(text) for text in texts], add_special_tokens=False)
        return [encoding.ids for encoding in found]

    def decode(self, ids: Sequence[int]) -> str:
        """Decode ids to text; specials are left out, except `<unk>` for a word; bytes that are not UTF-8 become �."""
        kept = [int(number) for number in ids if int(number) not in self.marks]
        text: str = self._tokenizer.decode(kept, skip_special_tokens=False)
        return text

    def cut(self, text: str, limit: int) -> str:
        """Return the text if it has at most `limit` tokens, else its longest beginning that has."""
        whole = _begun(text)
        ends = [end for _, end in self._tokenizer.encode(whole, add_special_tokens=False).offsets]
        if len(ends) <= limit:
            return text
        for end in dict.fromkeys(reversed(ends[:limit])):
            # The cut part may join with the kept one, or the cut may split a character: then it takes a shorter cut.
            if len(self.encode(whole[:end])) <= limit:
                return whole[:end]
        return ""

    def name(self, id: int) -> str:
        """Return the entry of the vocabulary at `id`. Raises GlassheadError outside of it."""
        name: str | None = self._tokenizer.id_to_token(id) if 0 <= id < self.size else None
        if name is None:
            raise GlassheadError(f"There is no token {id}: the vocabulary has 0 to {self.size - 1}.")
        return name

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Make tokens of ids, each with its probability if given."""
        if probabilities is None:
            return [Token(int(number), self.name(int(number))) for number in ids]
        return [
            Token(int(number), self.name(int(number)), float(probability))
            for number, probability in zip(ids, probabilities, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The codecs of a model: one for the source, one for the target. In the paper they are the same one."""

    source: Codec
    target: Codec

    @classmethod
    def shared(cls, codec: Codec) -> Self:
        """Use one codec for both sides."""
        return cls(codec, codec)

    @property
    def joint(self) -> bool:
        """Whether both sides have the same ids, so that one embedding matrix can serve them."""
        return self.source is self.target


def one_line(text: str) -> str:
    """Put a text on one line: any line break, in any program's sense, becomes a space."""
    return " ".join(text.splitlines())


class Normalization:
    """The text as a vocabulary sees it: NFC, plain apostrophes, single spaces, and lower case if it has no other."""

    def __init__(self, normalizer: Any) -> None:
        """normalizer: that of a tokenizer of the library; None changes nothing."""
        self._normalizer = normalizer
        known = {_normalizer(lowercase=lowercase).__getstate__(): lowercase for lowercase in (True, False)}
        self._lowercase = None if normalizer is None else known.get(normalizer.__getstate__())

    @classmethod
    def learned(cls, *, lowercase: bool) -> Self:
        """Return the normalization of a vocabulary that is still to be learned."""
        return cls(_normalizer(lowercase=lowercase))

    def __call__(self, text: str) -> str:
        """Normalise a text."""
        quick = self.quick(text)
        if quick is not None:
            return quick
        whole = well_formed(text)
        normal: str = whole if self._normalizer is None else self._normalizer.normalize_str(whole)
        return normal

    def quick(self, text: str) -> str | None:
        """Normalise text of Latin-1, which is composed as it is, without the library; None for any other."""
        if self._lowercase is None or not text.isprintable():
            return None
        try:
            text.encode("latin-1")
        except UnicodeEncodeError:
            return None
        normal = text.strip(" ")
        if "  " in normal:
            normal = " ".join(normal.split())
        if self._lowercase:
            normal = normal.lower()
        if "`" in normal or "´" in normal:
            normal = normal.replace("`", "'").replace("´", "'")
        return normal


def _numbered(first: Sequence[str], learned: Mapping[str, int]) -> dict[str, int]:
    """Number the entries of a vocabulary in the order in which they were learned, after the fixed ones."""
    order = sorted(learned, key=learned.__getitem__)
    return {name: number for number, name in enumerate((*first, *order))}


def _subwords(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> models.BPE:
    return models.BPE(vocab=vocabulary, merges=merges, unk_token=SPECIALS[Codec.UNK], byte_fallback=True)


def _foreign(tokenizer: Tokenizer) -> str | None:
    """Describe why a tokenizer is not one of ours; None if it is one."""
    words = isinstance(tokenizer.model, models.WordLevel)
    if not words and not isinstance(tokenizer.model, models.BPE):
        return f"its model is a {type(tokenizer.model).__name__}, which is neither subwords by merges nor words"
    for number, name in enumerate(SPECIALS if words else (*SPECIALS, *BYTES)):
        if tokenizer.id_to_token(number) != name:
            return f"entry {number} should be {name}, and is {brief(tokenizer.id_to_token(number))}"
    last = max(tokenizer.get_vocab().values())
    if last != tokenizer.get_vocab_size() - 1:
        return f"it has {tokenizer.get_vocab_size()} entries, but their numbers go up to {last}"
    if tokenizer.get_added_tokens_decoder():
        return "it looks for special tokens in what people type"
    if not words and any(part is None for part in (tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder)):
        return "it lacks what cleans text, takes it apart or joins tokens"
    if words and tokenizer.model.unk_token != SPECIALS[Codec.UNK]:
        return f"words that it lacks should be {SPECIALS[Codec.UNK]}, and are {brief(tokenizer.model.unk_token)}"
    # Subwords are recognised by their bytes. A list of words after these specials may come from anywhere.
    if words and not any(
        _states(tokenizer) == _states(_pipeline(models.WordLevel(), lowercase=lowercase)) for lowercase in (True, False)
    ):
        return "it takes text apart, or joins words, in another way"
    return None


def _states(tokenizer: Tokenizer) -> list[Any]:
    """Collect the parts around the model of a tokenizer, for comparison."""
    return [part.__getstate__() for part in (tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder)]


def _pipeline(model: models.BPE | models.WordLevel, *, lowercase: bool) -> Tokenizer:
    """Build normaliser, splitter and joiner around a model.

    Nothing is registered as an "added token": the library looks for those in typed text. No word can be one of the
    specials either: `<` is always a separate token.
    """
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = _normalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement=WORD_START, prepend_scheme="first"),
            pre_tokenizers.Split(Regex(ALONE), "isolated"),
            pre_tokenizers.Split("'", "merged_with_previous"),
        ]
    )
    unknown = SPECIALS[Codec.UNK]
    # Words: a missing one may not have begun there, so it stands for itself, after a space.
    own = decoders.Replace(unknown, WORD_START + unknown) if isinstance(model, models.WordLevel) else None
    tokenizer.decoder = decoders.Sequence(
        [
            *([own] if own else []),
            decoders.Replace(WORD_START, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),  # the space that begins the first word
        ]
    )
    return tokenizer


def _normalizer(*, lowercase: bool) -> Any:
    steps: list[Any] = [normalizers.NFC()]
    if lowercase:  # may undo the composition, so compose again
        steps += [normalizers.Lowercase(), normalizers.NFC()]
    steps += [
        normalizers.Replace(Regex(APOSTROPHES), "'"),
        normalizers.Replace(WORD_START, "_"),  # it will stand for a space
        normalizers.Replace(Regex(r"\s+"), " "),
        normalizers.Strip(),
    ]
    return normalizers.Sequence(steps)


def _merge(entry: list[str] | str) -> tuple[str, str]:
    """Parse a merge as the library writes it: a pair, or in older versions two names with a space between."""
    left, right = entry.split(" ") if isinstance(entry, str) else entry
    return left, right


def well_formed(text: str) -> str:
    """Remove surrogates, which UTF-8 and therefore the library cannot hold: pairs are joined, others become �."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _begun(text: str) -> str:
    """Strip the beginning to the first word: the library recognises the first word only if nothing stands before it."""
    return well_formed(text).lstrip(WHITE_SPACE)
