"""Languages to write and to read, with the tokenizers that know some."""

from pathlib import Path
from typing import Any

import pytest
from tests.core.adapters.huggingface.pieces import m2m100, marian
from tests.core.adapters.huggingface.tiny import FAMILIES, Tiny

import glasshead
from glasshead.adapters.huggingface.languages import languages, turn_to
from glasshead.adapters.huggingface.marks import Marks
from glasshead.adapters.huggingface.names import HuggingNames
from glasshead.errors import GlassheadError

TEXT = "the black cat is sleeping"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of a Marian that writes French and Spanish, and of an M2M100."""
    home = tmp_path_factory.mktemp("models")
    for family, tokenizer in (("marian", marian(home / "marian", "fr", "es")), ("m2m_100", m2m100(home / "m2m_100"))):
        size = max(len(tokenizer), *(number + 1 for number in languages(tokenizer).values()))
        of = FAMILIES[family]
        values = {
            **of.values,
            "vocab_size": size,
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
        }
        Tiny(of.maker, of.config, values).module().save_pretrained(home / family)
    return home


def generated(folder: Path, tokenizer: Any, text: str, **more: Any) -> list[int]:
    """What the model itself writes, greedily."""
    import transformers

    model: Any = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder)
    given = tokenizer(text, return_tensors="pt")
    found: list[int] = model.generate(**given, do_sample=False, num_beams=1, max_new_tokens=10, **more)[0].tolist()
    return found


def written(subject: Any, count: int) -> list[int]:
    line = subject.start(TEXT)
    while len(line.tokens) < count and not line.done:
        line.step()
    return [token.id for token in line.tokens]


def test_marian_is_told_its_language_before_the_source(home: Path) -> None:
    import transformers

    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(home / "marian")
    for code in ("fr", "es"):
        subject = glasshead.load(home / "marian", to=code)
        assert [token.id for token in subject.encode(TEXT)] == tokenizer(f">>{code}<< {TEXT}")["input_ids"]
        expected = generated(home / "marian", tokenizer, f">>{code}<< {TEXT}")
        assert written(subject, len(expected)) == expected


def test_m2m100_is_told_its_language_at_the_beginning_of_the_target(home: Path) -> None:
    import transformers

    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(home / "m2m_100", src_lang="de")
    subject = glasshead.load(home / "m2m_100", source="de", to="fr")
    expected = generated(home / "m2m_100", tokenizer, TEXT, forced_bos_token_id=tokenizer.get_lang_id("fr"))
    assert written(subject, len(expected)) == expected


def test_each_side_of_marian_is_cut_by_its_own_pieces(home: Path) -> None:
    import transformers

    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(home / "marian")
    source, target = HuggingNames(tokenizer), HuggingNames(tokenizer, target=True)
    text = "le chat noir dort"
    assert source.encode(text) == tokenizer(text, add_special_tokens=False)["input_ids"]
    assert target.encode(text) == tokenizer(text_target=text, add_special_tokens=False)["input_ids"]
    assert source.encode(text) != target.encode(text) and target.decode(target.encode(text)) == text


def test_a_language_takes_the_place_of_another() -> None:
    class Spoken:
        all_special_tokens = ("<s>", "en_XX", "fr_XX", "fr_CA", "ro_RO")

        def convert_tokens_to_ids(self, name: str) -> int:
            return self.all_special_tokens.index(name)

        def convert_ids_to_tokens(self, number: int) -> str:
            return self.all_special_tokens[number]

    tokenizer = Spoken()
    assert languages(tokenizer) == {"en_XX": 1, "fr_XX": 2, "fr_CA": 3, "ro_RO": 4}
    assert turn_to(Marks(start=(0, 1)), tokenizer, "ro", "it").start == (0, 4)
    assert turn_to(Marks(start=(0,)), tokenizer, "fr_CA", "it").start == (0, 3)
    with pytest.raises(GlassheadError, match=r"has no language 'fr'. It could be fr_XX or fr_CA"):
        turn_to(Marks(), tokenizer, "fr", "it")
    with pytest.raises(GlassheadError, match=r"has no language 'xx'. Known: en_XX"):
        turn_to(Marks(), tokenizer, "xx", "it")


def test_what_has_no_languages_says_so(home: Path, tmp_path: Path) -> None:
    marian(tmp_path / "one")
    of = FAMILIES["marian"]
    Tiny(of.maker, of.config, {**of.values, "vocab_size": 500}).module().save_pretrained(tmp_path / "one")
    with pytest.raises(GlassheadError, match="one has no tokens for languages"):
        glasshead.load(tmp_path / "one", to="fr")
    with pytest.raises(GlassheadError, match="does not ask for the language of the text: leave out --from"):
        glasshead.load(home / "marian", source="en")
