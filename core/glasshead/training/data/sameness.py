"""Sameness of sentences: two are the same if the vocabulary sees the same text in both (`Codec.normalize`).

Composed and decomposed letters, the kinds of apostrophes and spaces, and, if text is read in lower case, its case make
no difference to a model. So duplicates, copies and the pairs to hold back are decided on the text that the vocabulary
sees. Files are read before a vocabulary is learned, but its normalization is known: from the settings, or from the
given vocabulary.
"""

from hashlib import blake2b

from glasshead.text import Normalization, Vocabulary
from glasshead.training.data.encoder import KEPT, LONGEST, words


class Normalizer:
    """`Codec.normalize` for many texts. A word is normalised independently of its neighbours, so it is looked up."""

    def __init__(self, normalize: Normalization) -> None:
        self._normalize = normalize
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """Return the text as the vocabulary sees it."""
        quick = self._normalize.quick(text)
        if quick is not None:
            return quick
        split = words(text)
        known = self._known
        try:
            return " ".join(map(known.__getitem__, split))
        except KeyError:
            missing = [word for word in dict.fromkeys(split) if word not in known]
        if len(known) + len(missing) > KEPT:
            known.clear()
            missing = list(dict.fromkeys(split))
        found = self._normalize(" ".join(missing)).split(" ")
        if len(found) != len(missing):
            return self._normalize(text)
        now = dict(zip(missing, found, strict=True))
        known.update((word, normal) for word, normal in now.items() if len(word) <= LONGEST)
        return " ".join([now[word] if word in now else known[word] for word in split])


class Sameness:
    """The keys of sentences and pairs: equal for those that are the same to the vocabulary."""

    def __init__(self, given: Vocabulary | None, *, lowercase: bool, seed: int) -> None:
        """given: the vocabulary, if it is not learned from the corpus. seed: for drawing the pairs to hold back."""
        if given is None:
            self.source = self.target = Normalizer(Normalization.learned(lowercase=lowercase))
            self.keeps_case = not lowercase
        else:
            self.keeps_case = not given.source.lowercase
            self.source = Normalizer(given.source.normalization)
            self.target = self.source if given.joint else Normalizer(given.target.normalization)
        self._seed = str(seed).encode()[:64]

    def pair_key(self, source: str, target: str) -> bytes:
        """Compute the key of a pair of normalised texts: 8 bytes."""
        return blake2b(f"{source}\0{target}".encode(), digest_size=8).digest()

    def source_key(self, source: str) -> bytes:
        """Compute the key of a normalised source, which decides whether it is held back: 8 bytes.

        Case is ignored, even if the vocabulary keeps it: "The cat" is no test for a model that has learned "the cat".
        """
        return blake2b(source.lower().encode(), digest_size=8, key=self._seed).digest()
