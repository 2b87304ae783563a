"""Whether two sentences are the same: they are if the vocabulary sees the same text in both (`Codec.normalize`).

Composed and decomposed letters, the kinds of apostrophes and spaces, and where text is read in lower case its case,
make no other sentence to a model. So duplicates, copies and what is held back are decided on what the vocabulary sees.
Files are looked at before a vocabulary is learned, but how it will see text is known: by its settings, or by the
vocabulary that is given.
"""

from hashlib import blake2b

from glasshead.text import Normalization, Vocabulary
from glasshead.training.data.encoder import KEPT, LONGEST, words


class Normalizer:
    """`Codec.normalize` for many texts. What becomes of a word does not depend on its neighbours: it is looked up."""

    def __init__(self, normalize: Normalization) -> None:
        self._normalize = normalize
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """Give the text as the vocabulary sees it."""
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
    """The keys of sentences and pairs: equal for what is the same to the vocabulary."""

    def __init__(self, given: Vocabulary | None, *, lowercase: bool, seed: int) -> None:
        """given: the vocabulary, if it is not learned from the corpus itself. seed: draws what is held back."""
        if given is None:
            self.source = self.target = Normalizer(Normalization.learned(lowercase=lowercase))
            self.keeps_case = not lowercase
        else:
            self.keeps_case = not given.source.lowercase
            self.source = Normalizer(given.source.normalization)
            self.target = self.source if given.joint else Normalizer(given.target.normalization)
        self._seed = str(seed).encode()[:64]

    def pair_key(self, source: str, target: str) -> bytes:
        """Give 8 bytes for a pair of normalised texts."""
        return blake2b(f"{source}\0{target}".encode(), digest_size=8).digest()

    def source_key(self, source: str) -> bytes:
        """Give 8 bytes for a normalised source, which decide whether it is held back.

        Case counts for nothing, even where the vocabulary keeps it: "The cat" is no test for what has learned "the
        cat".
        """
        return blake2b(source.lower().encode(), digest_size=8, key=self._seed).digest()
