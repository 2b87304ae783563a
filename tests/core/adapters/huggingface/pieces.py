"""Tokenizers that are no `tokenizer.json`: SentencePiece of both sides, with tokens for languages."""

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.core.adapters.huggingface.folders import sentences

SIZE = 220


@cache
def pieces(side: int) -> bytes:
    """Train SentencePiece on the sentences of one side: 0 the source, 1 the target."""
    import sentencepiece

    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences()[side::2]), model_writer=made, vocab_size=SIZE, hard_vocab_limit=False,
        minloglevel=2,
    )  # fmt: skip
    return made.getvalue()


def listed(model: bytes) -> list[str]:
    import sentencepiece

    found = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [found.id_to_piece(number) for number in range(found.vocab_size())]


def marian(folder: Path, *languages: str) -> Any:
    """Make the tokenizer of a Marian folder: two SentencePiece models and one vocabulary."""
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.spm").write_bytes(pieces(0))
    (folder / "target.spm").write_bytes(pieces(1))
    names = dict.fromkeys(
        ["</s>", "<unk>", *(f">>{each}<<" for each in languages), *listed(pieces(0)), *listed(pieces(1))]
    )
    vocabulary = {name: number for number, name in enumerate([*names, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    found = transformers.MarianTokenizer(
        source_spm=str(folder / "source.spm"), target_spm=str(folder / "target.spm"), vocab=str(folder / "vocab.json")
    )
    found.save_pretrained(folder)
    return found


def m2m100(folder: Path) -> Any:
    """Make the tokenizer of an M2M100 folder, with its hundred languages."""
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spm.model").write_bytes(pieces(0))
    names = dict.fromkeys(["<s>", "<pad>", "</s>", "<unk>", *listed(pieces(0))])
    (folder / "vocab.json").write_text(json.dumps({name: number for number, name in enumerate(names)}))
    found = transformers.M2M100Tokenizer(
        vocab_file=str(folder / "vocab.json"), spm_file=str(folder / "spm.model"), src_lang="en"
    )
    found.save_pretrained(folder)
    return found
