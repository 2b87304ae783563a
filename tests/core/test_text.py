"""Codec: no text is impossible, nothing typed is special, and decoding gives the normalised text.

For whole words this holds if they are known; the others are <unk>, and visible as such.
"""

import json
import os
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, trainers

from glasshead.errors import GlassheadError
from glasshead.recipes import recipe
from glasshead.text import Codec, Level, Token, Vocabulary

CORPUS = [
    "the black cat does not see the small house .",
    "le chat noir ne voit pas la petite maison .",
    "l'homme qu'il n'a pas vu , c'est l'ami d'hier ; à l'été où ça va !",
    "it's 12:30 , and the cat's house is small (very small) ?",
    "la maison et l'été , le château et la forêt , les yeux du garçon .",
] * 5


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec.train(CORPUS, vocab_size=420)


@pytest.fixture(scope="module")
def cased() -> Codec:
    return Codec.train(CORPUS, vocab_size=420, lowercase=False)


@pytest.fixture(scope="module")
def words() -> Codec:
    return Codec.train(CORPUS, vocab_size=420, level="word")


def pieces(normal: str) -> list[str]:
    """The rule of the module for taking normalised text apart, letter by letter."""
    found: list[str] = []
    for word in normal.split(" ") if normal else []:
        start = "▁"
        for alone, run in groupby(word, lambda letter: unicodedata.category(letter)[0] in "NPS" and letter != "'"):
            for part in run if alone else "".join(run).replace("'", "' ").split(" "):
                if part:
                    found.append(start + part)
                    start = ""
    return found


anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=60) | st.text(
    st.sampled_from(
        "a é \u0301 ’ ' ▁ _ < / s > 0x41 [ ] \t \n \r \0 \x1b \x85 \u2028 漢 字 مر 👩\u200d👧 İ ẞ Σ \ud800 \udc00 7 ٣"
    ),
    max_size=30,
)


@given(anything)
@example("")
@example(" \n\t ")
@example("\ud83d\ude00")
@example("▁ ▁a▁▁b ▁")
@example("'tis ' 'x' ''")
@example("</s><0x41><pad> <s>")
def test_decoding_gives_back_the_normalised_text(text: str) -> None:
    for lowercase in (True, False):
        it = _trained(lowercase)
        ids = it.encode(text)
        assert it.decode(ids) == it.normalize(text)
        assert min(ids, default=4) >= 4 and max(ids, default=4) < it.size


@given(anything)
@example("</s><unk><pad> <s>")
@example("<unk>")
@example("  the")
def test_words_that_are_not_known_are_unk_and_nothing_else_is(text: str) -> None:
    for lowercase in (True, False):
        it = _trained(lowercase, "word")
        ids = it.encode(text)
        assert {*ids}.isdisjoint({Codec.PAD, Codec.BOS, Codec.EOS}) and max(ids, default=4) < it.size
        shown = it.decode(ids)
        assert shown.count("<unk>") >= ids.count(Codec.UNK)
        if Codec.UNK not in ids:
            assert shown == it.normalize(text)


@given(
    st.lists(
        st.sampled_from(
            ("the", "Cat", "chat", "L’homme", "l'été", "12:30", "zebra", "qu'une", "(it's)", "!?", "<unk>", "…")
        ),
        max_size=12,
    ),
    st.sampled_from((" ", "\t", "  ", "\u3000")),
)
def test_words_are_those_of_the_rule(texts: list[str], space: str) -> None:
    it = _trained(True, "word")
    text = space + space.join(texts) + space
    known = {it.name(number) for number in range(4, it.size)}
    wanted = [piece if piece in known else "<unk>" for piece in pieces(it.normalize(text))]
    assert [it.name(number) for number in it.encode(text)] == wanted
    if "<unk>" not in wanted:
        assert it.decode(it.encode(text)) == " ".join(texts).lower().replace("’", "'")


@given(anything, st.integers(0, 12))
@example("漢字", 2)
@example("e\u0301" * 5, 3)
def test_a_cut_is_a_beginning_that_fits_and_no_longer_one_does(text: str, limit: int) -> None:
    for level in ("subword", "word"):
        it = _trained(True, level)
        kept, ids = it.cut(text, limit), it.encode(text)
        if len(ids) <= limit:
            assert kept == text
            continue
        assert len(it.encode(kept)) <= limit
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert kept in whole and not whole[: whole.index(kept)].strip()
        if level == "word":
            assert it.encode(kept) == ids[:limit]


@given(anything, st.text(" \t\n\u3000\xa0", min_size=1, max_size=3))
def test_space_before_and_after_a_text_is_nothing(text: str, space: str) -> None:
    for level in ("subword", "word"):
        it = _trained(True, level)
        assert it.encode(space + text + space) == it.encode(text)
        assert it.encode_batch([space + text]) == [it.encode(text)]


@given(anything)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    it = _trained(True)
    once = it.normalize(text)
    assert it.normalize(once) == once
    assert "  " not in once and once == once.strip(" ") and "▁" not in once
    assert unicodedata.is_normalized("NFC", once) or any(unicodedata.category(c) == "Cn" for c in once)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20))
def test_ordinary_text_is_left_alone_but_for_case(text: str) -> None:
    assert _trained(True).normalize(text) == text.lower().replace("`", "'")
    assert _trained(False).normalize(text) == text.replace("`", "'")


@given(st.lists(anything, max_size=5))
def test_a_batch_is_its_texts_one_by_one(texts: list[str]) -> None:
    for level in ("subword", "word"):
        it = _trained(True, level)
        assert it.encode_batch(texts) == [it.encode(text) for text in texts]


def test_normalising_does_what_it_says(codec: Codec, cased: Codec) -> None:
    assert codec.normalize("  L’Homme\u00a0n’est\n\tpas  l\u0061\u0300 ") == "l'homme n'est pas l\u00e0"
    assert cased.normalize("L’Homme") == "L'Homme"


def test_lone_surrogates_become_replacement_characters_and_pairs_one_character(codec: Codec) -> None:
    assert codec.decode(codec.encode("a\ud800b")) == "a�b"
    assert codec.encode("\ud83d\ude00") == codec.encode("😀")


@pytest.mark.parametrize("typed", ["</s>", "<s>", "<pad>", "<unk>", "<0x41>", "<0x0A>", "a</s>b", "[UNK]"])
def test_what_looks_special_is_ordinary_characters(codec: Codec, typed: str) -> None:
    ids = codec.encode(typed)
    names = [codec.name(number) for number in ids]
    assert min(ids) >= 4
    assert typed not in names and f"▁{typed}" not in names
    assert len(ids) >= len(typed)
    assert codec.decode(ids) == typed.lower()


@pytest.mark.parametrize("typed", ["</s>", "<s>", "<pad>", "<unk>", "a</s>b", "[UNK]", "the <unk> cat"])
def test_what_looks_special_is_no_special_word(words: Codec, typed: str) -> None:
    assert {*words.encode(typed)}.isdisjoint({Codec.PAD, Codec.BOS, Codec.EOS})
    seen = Codec.train([typed] * 3, vocab_size=50, level="word")
    ids = seen.encode(typed)
    assert min(ids) >= 4, "once it is known, each of its marks is an ordinary word"
    assert seen.decode(ids) == typed.lower()


def test_the_most_frequent_words_are_kept() -> None:
    normal = [_trained(True, "word").normalize(text) for text in CORPUS]
    counts = Counter(piece for text in normal for piece in pieces(text))
    order = sorted(counts, key=lambda piece: (-counts[piece], piece))
    for size in (0, 4, 5, 11, 20, 4 + len(order), 1000):
        kept = Codec.train(CORPUS, vocab_size=size, level="word")
        assert [kept.name(number) for number in range(4, kept.size)] == order[: max(0, size - 4)]
        assert [kept.name(number) for number in range(4)] == ["<pad>", "<s>", "</s>", "<unk>"]


def test_an_unknown_word_is_shown(words: Codec) -> None:
    ids = words.encode("The zebra sees l'escargot .")
    assert [token.text for token in words.tokens(ids)] == ["▁the", "<unk>", "<unk>", "▁l'", "<unk>", "▁."]
    assert words.decode([Codec.BOS, *ids, Codec.EOS, Codec.PAD]) == "the <unk> <unk> l' <unk> ."
    assert (words.level, _trained(True).level) == ("word", "subword")


def test_a_vocabulary_is_joint_if_one_codec_serves_both_sides(codec: Codec, words: Codec) -> None:
    assert Vocabulary.shared(codec).joint
    assert Vocabulary.shared(codec) == Vocabulary(codec, codec)
    assert not Vocabulary(words, codec).joint


def test_characters_never_seen_are_their_utf8_bytes(codec: Codec) -> None:
    names = [codec.name(number) for number in codec.encode("漢")]
    assert names == ["▁", *(f"<0x{byte:02X}>" for byte in "漢".encode())]


def test_bytes_that_are_no_text_decode_to_replacement_characters(codec: Codec) -> None:
    byte = {codec.name(number): number for number in range(4, 260)}
    assert codec.decode([byte["<0xE6>"], byte["<0xBC>"]]) == "��"
    assert codec.decode([byte["<0x68>"], byte["<0x69>"]]) == "hi"


def test_specials_are_left_out_of_text(codec: Codec) -> None:
    ids = codec.encode("the cat")
    assert codec.decode([Codec.BOS, *ids, Codec.EOS, Codec.PAD, Codec.UNK]) == "the cat"
    assert [codec.name(number) for number in (Codec.PAD, Codec.BOS, Codec.EOS, Codec.UNK)] == [
        "<pad>",
        "<s>",
        "</s>",
        "<unk>",
    ]


def test_words_marks_digits_and_elisions_are_apart(codec: Codec) -> None:
    def names(text: str) -> list[str]:
        return [codec.name(number) for number in codec.encode(text)]

    assert names("the cat.")[-1] == "." == names("the cat .")[-1].lstrip("▁")
    assert "".join(names("1230")) == "▁1230" and len(names("1230")) >= 4
    assert names("l'homme")[: len(names("l'"))] == names("l'")
    assert not any("'" in piece[:-1] for piece in names("l'homme n'est d'hier qu'il"))


def test_frequent_words_are_one_token_and_the_size_is_kept(codec: Codec) -> None:
    assert [token.text for token in codec.tokens(codec.encode("The cat"))] == ["▁the", "▁cat"]
    assert codec.size <= 420


@pytest.mark.parametrize("vocab_size", [0, 1, 260])
def test_without_room_for_merges_tokens_are_characters(vocab_size: int) -> None:
    letters = Codec.train(["hello", "world"], vocab_size=vocab_size)
    assert [token.text for token in letters.tokens(letters.encode("hold"))] == ["▁", "h", "o", "l", "d"]
    assert letters.size == 4 + 256 + len(set("helloworld")) + 1


def test_tokens_carry_probabilities_and_names_are_checked(codec: Codec) -> None:
    assert codec.tokens([2], [0.5]) == [Token(2, "</s>", 0.5)]
    with pytest.raises(ValueError, match="zip"):
        codec.tokens([2, 3], [0.5])
    for outside in (-1, codec.size):
        with pytest.raises(GlassheadError, match=f"no token {outside}"):
            codec.name(outside)


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("level", ["subword", "word"])
def test_what_is_saved_is_loaded(level: Level, lowercase: bool, tmp_path: Path) -> None:
    made = _trained(lowercase, level)
    made.save(tmp_path / "tokenizer.json")
    loaded = Codec.load(tmp_path / "tokenizer.json")
    assert (loaded.size, loaded.level) == (made.size, level)
    for text in (*CORPUS[:5], "漢字 </s> \x00 l’été"):
        assert loaded.encode(text) == made.encode(text)
        assert loaded.decode(loaded.encode(text)) == made.decode(made.encode(text))
        assert loaded.normalize(text) == made.normalize(text)
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "tokenizer.json").read_bytes()


@pytest.mark.parametrize("level", ["subword", "word"])
def test_the_file_means_the_same_to_the_library_alone(level: Level, tmp_path: Path) -> None:
    made = _trained(True, level)
    made.save(tmp_path / "tokenizer.json")
    plain = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in (*CORPUS[:5], "漢字 </s> l’été"):
        assert plain.encode(text).ids == made.encode(text)
        assert plain.decode(made.encode(text)) == made.decode(made.encode(text))


@pytest.mark.parametrize("level", ["subword", "word"])
def test_training_and_saving_give_the_same_bytes_in_every_process(level: Level, tmp_path: Path) -> None:
    program = (
        "import sys; from itertools import islice\n"
        "from glasshead.recipes import recipe; from glasshead.text import Codec\n"
        "pairs = islice(recipe('dates').pairs('train', 0), 2000)\n"
        "Codec.train((text for pair in pairs for text in pair), vocab_size=400, level=sys.argv[2]).save(sys.argv[1])"
    )
    for number, seed in enumerate("12"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "RAYON_NUM_THREADS": seed}
        subprocess.run([sys.executable, "-c", program, str(tmp_path / f"{number}"), level], check=True, env=environment)
    assert (tmp_path / "0").read_bytes() == (tmp_path / "1").read_bytes()


def test_files_that_are_no_vocabulary_are_refused_in_a_sentence(codec: Codec, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(GlassheadError, match="no vocabulary at"):
        Codec.load(path)
    codec.save(path)
    whole = path.read_text(encoding="utf-8")
    for damaged in (whole[: len(whole) // 2], "", "[]", "{}", '{"model": null}', "\0"):
        path.write_text(damaged, encoding="utf-8")
        with pytest.raises(GlassheadError, match=r"not a whole tokenizer\.json"):
            Codec.load(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GlassheadError, match="cannot be read"):
        Codec.load(path)
    with pytest.raises(GlassheadError, match="is a folder"):
        Codec.load(tmp_path)


def test_a_vocabulary_of_another_kind_is_refused(codec: Codec, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    codec.save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["model"]["vocab"] = {f"w{number}": number for number in range(300)}
    content["model"]["merges"] = []
    content["model"]["unk_token"] = None
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(GlassheadError, match="another kind: entry 0 should be <pad>"):
        Codec.load(path)


def test_words_of_another_kind_are_refused(words: Codec, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    words.save(path)
    whole = path.read_text(encoding="utf-8")
    ours = json.loads(whole)["model"]["vocab"]
    special = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    harms: list[tuple[Callable[[Any], None], str]] = [
        (lambda it: it["model"].update(unk_token="▁the"), "should be <unk>, and are '▁the'"),
        (lambda it: it["model"].update(vocab={"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}), "entry 0 should be <pad>"),
        (lambda it: it["model"].update(vocab=ours | {"far": 100_000}), "go up to 100000"),
        (lambda it: it.update(added_tokens=[{"id": 2, "content": "</s>", **special}]), "special tokens"),
        (lambda it: it.update(pre_tokenizer={"type": "WhitespaceSplit"}), "another way"),
        (lambda it: it.update(normalizer=None), "another way"),
        (lambda it: it.update(decoder=None), "another way"),
    ]
    for harm, told in harms:
        content = json.loads(whole)
        harm(content)
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(GlassheadError, match="vocabulary of another kind") as caught:
            Codec.load(path)
        assert told in str(caught.value)
    path.write_text(whole, encoding="utf-8")
    assert Codec.load(path).level == "word"


def test_a_model_that_is_neither_subwords_nor_words_is_refused(tmp_path: Path) -> None:
    foreign = Tokenizer(models.WordPiece(unk_token="<unk>"))
    trainer = trainers.WordPieceTrainer(vocab_size=50, special_tokens=["<pad>", "<s>", "</s>", "<unk>"])
    foreign.train_from_iterator(CORPUS, trainer=trainer)
    foreign.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(GlassheadError, match="another kind: its model is a WordPiece"):
        Codec.load(tmp_path / "tokenizer.json")


def test_a_very_long_word_is_quick(codec: Codec, words: Codec) -> None:
    assert len(codec.encode("a" * 100_000)) > 1000
    assert words.encode("a" * 100_000) == [Codec.UNK]
    assert len(codec.encode(codec.cut("a" * 100_000, 50))) <= 50


def test_the_bundled_recipes_never_need_bytes() -> None:
    for name in ("dates", "reverse"):
        made = recipe(name)
        it = Codec.train(
            (text for pair in islice(made.pairs("train", 0), 3000) for text in pair), vocab_size=made.vocab_size
        )
        for pair in islice(made.pairs("test", 5), 300):
            assert all(min(it.encode(text)) >= 260 for text in pair)


@cache
def _trained(lowercase: bool, level: Level = "subword") -> Codec:
    """A codec for property tests, which cannot take fixtures of a function's scope."""
    return Codec.train(CORPUS, vocab_size=420, lowercase=lowercase, level=level)


@pytest.mark.parametrize("level", ["subword", "word"])
def test_a_vocabulary_larger_than_any_text_gives_is_what_the_text_gives(level: Level) -> None:
    """The library would take memory for all entries that are asked for, or numbers of 64 bits, and abort."""
    texts = ["the black cat is sleeping", "the cat"] * 3
    wanted = Codec.train(texts, vocab_size=5000, level=level)
    for size in (10**11, 10**30):
        found = Codec.train(texts, vocab_size=size, level=level)
        assert [found.name(number) for number in range(found.size)] == [
            wanted.name(number) for number in range(wanted.size)
        ]
