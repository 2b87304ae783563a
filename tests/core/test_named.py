"""Names for a reader."""

import pytest

from glasshead.named import is_byte, means, name_next, name_tokens


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["<s>", "▁the", "▁c", "at", ".", "</s>", "<pad>"], "▸ the c ‿at ‿. ■ <pad>"),
        (["[CLS]", "▁bl", "ack", "[MASK]", "[SEP]"], "[CLS] bl ‿ack [MASK] [SEP]"),
        (["Ġa", "b", "▁"], "a ‿b ␣"),
        (["▁a", "<0xC3>", "<0xA9>"], "a C3 A9"),
        (["a", "b", "c"], "a b c"),  # a vocabulary that does not say where words begin
    ],
)
def test_tokens_are_named_in_their_line(texts: list[str], names: str) -> None:
    assert name_tokens(texts) == tuple(names.split())
    for end in range(1, len(texts)):
        if any(text[0] in "▁Ġ" for text in texts[: end + 1]):
            assert name_next(texts[:end], texts[end : end + 1]) == (names.split()[end],)


def test_candidates_are_named_as_they_would_be_written() -> None:
    assert name_next(["<s>"], ["▁le", "s"]) == ("le", "s"), "nothing stands before"
    assert name_next(["<s>", "▁le"], ["▁chat", "s", "</s>"]) == ("chat", "‿s", "■")
    assert name_next([], []) == ()


def test_a_token_is_meant_by_its_name() -> None:
    named = {
        "▁chat": "chat", "Ġchat": "chat", "chat": "chat", "ton": "‿ton", "<0xE7>": "E7", "</s>": "■", "<s>": "▸"
    }  # fmt: skip
    for text, name in named.items():
        assert means(name, text) and means(text, text)
        assert is_byte(text) == (name == "E7")
    assert not means("‿chat", "▁chat") and not means("cha", "▁chat")
