"""Text and tokens: byte-pair encoding (Sennrich et al. 2016) by the `tokenizers` library, one vocabulary for all.

The paper, section 5.1, shares one BPE vocabulary between source and target; so do we. Two things are ours:

- **No text is impossible.** Characters that the vocabulary lacks become the bytes of their UTF-8 form, one token each.
- **Nothing typed is special.** `</s>` or `<0x41>` in a sentence are ordinary characters; specials exist only as ids.

The vocabulary is laid out as specials (0–3), the 256 bytes, the alphabet, the merges in the order they were learned.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from glasshead.errors import GlassheadError

SPECIALS = ("<pad>", "<s>", "</s>", "<unk>")
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
WORD_START = "▁"
APOSTROPHES = "[’‘ʼ‛′`´]"
ALONE = r"▁?(?:\p{N}|[[\p{P}\p{S}]&&[^'▁]])"
"""Every digit and every mark is a token of its own, so that numbers can be copied digit by digit; the space before it
belongs to it. The apostrophe is no such mark, it stays with what is before it: l' | homme, it' | s."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token as a person may read it. `text` is its name in the vocabulary: "▁chat" begins a word, "s" goes on."""

    id: int
    text: str
    probability: float | None = None


class Codec:
    """Text ↔ ids. Ids 0–3 are padding, start, end and unknown; `encode` never produces them."""

    PAD: ClassVar[int] = 0
    BOS: ClassVar[int] = 1
    EOS: ClassVar[int] = 2
    UNK: ClassVar[int] = 3

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.size: int = tokenizer.get_vocab_size()

    @classmethod
    def train(cls, texts: Iterable[str], *, vocab_size: int, lowercase: bool = True) -> Self:
        """Learn a vocabulary of at most `vocab_size` entries from `texts`.

        The specials, the bytes and every character seen are always there; merges fill what is left. With a
        `vocab_size` that leaves nothing, tokens are characters.
        """
        learner = _pipeline(models.BPE(), lowercase=lowercase)
        room = max(0, vocab_size - len(SPECIALS) - len(BYTES))
        trainer = trainers.BpeTrainer(vocab_size=room, min_frequency=2, show_progress=False, special_tokens=[])
        learner.train_from_iterator(_without_surrogates(texts), trainer=trainer)
        learned = json.loads(learner.to_str())["model"]
        order = sorted(learned["vocab"], key=learned["vocab"].__getitem__)
        vocabulary = {name: number for number, name in enumerate((*SPECIALS, *BYTES, *order))}
        merges = [_merge(entry) for entry in learned["merges"]]
        return cls(_pipeline(_model(vocabulary, merges), lowercase=lowercase))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a `tokenizer.json`.

        Raises GlassheadError if the file is missing, is not a tokenizer, or does not have our specials in their places.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise GlassheadError(f"There is no vocabulary at {path}: expected a tokenizer.json there.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise GlassheadError(f"The vocabulary {path} cannot be read: {error}.") from None
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # the library raises bare Exception, whatever is wrong with the file
            raise GlassheadError(
                f"{path} is not a whole tokenizer.json of the `tokenizers` library ({error}); copy it again."
            ) from None
        for number, name in enumerate((*SPECIALS, *BYTES)):
            if tokenizer.id_to_token(number) != name:
                raise GlassheadError(
                    f"{path} is a vocabulary of another kind: entry {number} should be {name}, "
                    f"and is {tokenizer.id_to_token(number)!r}. Use a tokenizer.json that `glasshead train` wrote."
                )
        return cls(tokenizer)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `tokenizer.json`: the same vocabulary always gives the same bytes."""
        path = Path(path)
        partial = path.with_name(path.name + ".part")
        partial.write_text(self._tokenizer.to_str(pretty=True) + "\n", encoding="utf-8")
        partial.replace(path)

    def normalize(self, text: str) -> str:
        """The text as the vocabulary sees it: NFC, plain apostrophes, single spaces, lower-case if it is so."""
        normal: str = self._tokenizer.normalizer.normalize_str(_whole(text))
        return normal

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without start and end. Never fails, and never gives a special."""
        ids: list[int] = self._tokenizer.encode(_whole(text), add_special_tokens=False).ids
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of many texts, on all cores."""
        found = self._tokenizer.encode_batch_fast([_whole(text) for text in texts], add_special_tokens=False)
        return [encoding.ids for encoding in found]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; specials are left out, bytes that are no UTF-8 become �."""
        kept = [int(number) for number in ids if int(number) >= len(SPECIALS)]
        text: str = self._tokenizer.decode(kept, skip_special_tokens=False)
        return text

    def name(self, id: int) -> str:
        """The entry of the vocabulary at `id`. Raises GlassheadError outside of it."""
        name: str | None = self._tokenizer.id_to_token(id) if 0 <= id < self.size else None
        if name is None:
            raise GlassheadError(f"There is no token {id}: the vocabulary has 0 to {self.size - 1}.")
        return name

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Tokens for ids, with a probability each if given."""
        if probabilities is None:
            return [Token(int(number), self.name(int(number))) for number in ids]
        return [
            Token(int(number), self.name(int(number)), float(probability))
            for number, probability in zip(ids, probabilities, strict=True)
        ]


def _model(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> models.BPE:
    return models.BPE(vocab=vocabulary, merges=merges, unk_token=SPECIALS[Codec.UNK], byte_fallback=True)


def _pipeline(model: models.BPE, *, lowercase: bool) -> Tokenizer:
    """Normaliser, splitter and joiner around a model.

    Nothing is registered as an "added token": the library looks for those in what people type.
    """
    steps: list[Any] = [normalizers.NFC()]
    if lowercase:  # may undo the composition, so compose again
        steps += [normalizers.Lowercase(), normalizers.NFC()]
    steps += [
        normalizers.Replace(Regex(APOSTROPHES), "'"),
        normalizers.Replace(WORD_START, "_"),  # it will stand for a space
        normalizers.Replace(Regex(r"\s+"), " "),
        normalizers.Strip(),
    ]
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement=WORD_START, prepend_scheme="first"),
            pre_tokenizers.Split(Regex(ALONE), "isolated"),
            pre_tokenizers.Split("'", "merged_with_previous"),
        ]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace(WORD_START, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),  # the space that begins the first word
        ]
    )
    return tokenizer


def _merge(entry: list[str] | str) -> tuple[str, str]:
    """A merge as the library writes it: a pair, or in older versions two names with a space between."""
    left, right = entry.split(" ") if isinstance(entry, str) else entry
    return left, right


def _whole(text: str) -> str:
    """Text without surrogates, which UTF-8 and therefore the library cannot hold: pairs are joined, others become �."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _without_surrogates(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield _whole(text)
