"""Byte-pair encoding merge by merge: against brute force, the paper's example, and the `tokenizers` library."""

import json
from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from glasshead.lab.tools.bpe import CLASSIC, END, cut, learn, merged, pairs, spelled

texts = st.lists(st.text("abcdé日", min_size=1, max_size=7), min_size=1, max_size=30)


def test_the_papers_example_begins_as_in_the_paper() -> None:
    """Sennrich et al. 2016: low 5 times, lower 2, newest 6, widest 3."""
    counts = Counter(CLASSIC.split())
    assert counts == {"low": 5, "lower": 2, "newest": 6, "widest": 3}
    # By brute force: e s stands in newest and widest, so do s t and t </w>; l o and o w in low and lower.
    first = pairs({word: spelled(word) for word in counts}, counts)
    assert first["e", "s"] == first["s", "t"] == first["t", END] == counts["newest"] + counts["widest"] == 9
    assert first["l", "o"] == first["o", "w"] == counts["low"] + counts["lower"] == 7
    assert max(first.values()) == 9
    steps = list(learn(counts, 5))
    assert [each.pair for each in steps] == [("e", "s"), ("es", "t"), ("est", END), ("l", "o"), ("lo", "w")]
    assert [each.count for each in steps] == [9, 9, 9, 7, 7]
    assert cut("lowest", [each.pair for each in steps]) == ("low", f"est{END}")


@settings(max_examples=60)
@given(texts, st.integers(0, 12))
def test_every_merge_is_of_a_most_frequent_pair_counted_in_the_whole_text(words: list[str], merges: int) -> None:
    counts = Counter(words)
    before = {word: spelled(word) for word in counts}
    made = 0
    for step in learn(counts, merges):
        found: Counter[tuple[str, str]] = Counter()
        for word in words:  # each occurrence by itself
            symbols = before[word]
            for place in range(len(symbols) - 1):
                found[symbols[place], symbols[place + 1]] += 1
        assert step.count == found[step.pair] == max(found.values()) >= 2
        assert step.pair == min(pair for pair, count in found.items() if count == step.count)
        assert all("".join(step.words[word]) == word + END for word in counts)
        assert sum(map(len, step.words.values())) < sum(map(len, before.values()))
        before, made = step.words, made + 1
    assert made <= merges
    if made < merges:
        assert all(count < 2 for count in pairs(before, counts).values())


@settings(max_examples=60)
@given(texts, st.integers(1, 8))
def test_the_library_merges_the_same_where_counts_are_not_tied(words: list[str], merges: int) -> None:
    counts, made = Counter(words), []
    before = {word: spelled(word) for word in counts}
    for step in learn(counts, merges):
        found = pairs(before, counts)
        if list(found.values()).count(step.count) > 1:
            break  # the library breaks ties by the numbers of its tokens
        made.append(step.pair)
        before = step.words
    assume(made)
    library = Tokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=1000, min_frequency=2, show_progress=False, special_tokens=[])
    # One character stands for the sign of the end, so that both begin with the same symbols.
    library.train_from_iterator([" ".join(f"{word}$" for word in words)], trainer=trainer)
    theirs = [_pair(entry) for entry in json.loads(library.to_str())["model"]["merges"]]
    assert theirs[: len(made)] == made


def _pair(entry: list[str] | str) -> tuple[str, str]:
    left, right = entry.split(" ") if isinstance(entry, str) else entry
    return left.replace("$", END), right.replace("$", END)


def test_without_merges_nothing_is_joined() -> None:
    """The cause taken away."""
    assert list(learn({"newest": 6}, 0)) == []
    assert cut("newest", []) == ("n", "e", "w", "e", "s", "t", END)


def test_a_word_that_stands_once_is_not_merged() -> None:
    assert list(learn({"abc": 1, "def": 1}, 5)) == []


@pytest.mark.parametrize(
    ("symbols", "joined"), [("aaa", ("aa", "a")), ("aaaa", ("aa", "aa")), ("baab", ("b", "aa", "b")), ("a", ("a",))]
)
def test_occurrences_are_joined_from_the_left(symbols: str, joined: tuple[str, ...]) -> None:
    assert merged(tuple(symbols), ("a", "a")) == joined
