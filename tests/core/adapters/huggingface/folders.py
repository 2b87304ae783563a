"""Folders of Hugging Face with tokenizers of three kinds, trained on sentences of a recipe."""

from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from tests.core.adapters.huggingface.tiny import FAMILIES, Tiny
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from glasshead.recipes import recipe

KINDS = {"gpt2": "bytes", "llama": "bytes", "t5": "unigram", "marian": "unigram", "bert": "wordpiece"}
"""The kind of tokenizer that each family has here."""
SIZE = 400


@cache
def sentences() -> tuple[str, ...]:
    return tuple(text for pair in islice(recipe("english-french").pairs("train", 0), 1000) for text in pair)


@cache
def tokenizer(kind: str) -> Tokenizer:
    """Train a tokenizer."""
    special = ["<pad>", "<s>", "</s>", "<unk>"]
    if kind == "bytes":
        found = Tokenizer(models.BPE())
        found.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        found.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer: Any = trainers.BpeTrainer(vocab_size=SIZE, special_tokens=special, initial_alphabet=alphabet)
    elif kind == "unigram":
        found = Tokenizer(models.Unigram())
        found.pre_tokenizer, found.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=SIZE, special_tokens=special, unk_token="<unk>")
    else:
        special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
        found = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        found.pre_tokenizer, found.decoder = pre_tokenizers.Whitespace(), decoders.WordPiece()
        trainer = trainers.WordPieceTrainer(vocab_size=SIZE, special_tokens=special)
    found.train_from_iterator(sentences(), trainer)
    if kind == "unigram":
        found.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    elif kind == "wordpiece":
        marks = [("[CLS]", 1), ("[SEP]", 2)]
        found.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=marks)
    return found


def save(family: str, folder: Path, **more: Any) -> Any:
    """Save a model of a family with its tokenizer; return the model."""
    import transformers

    kind = KINDS.get(family, "bytes")
    words = tokenizer(kind)
    of = FAMILIES[family]
    module = Tiny(of.maker, of.config, {**of.values, "vocab_size": words.get_vocab_size()}, of.window).module()
    module.save_pretrained(folder, **more)
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    if kind == "wordpiece":
        names = {
            "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]",
            "mask_token": "[MASK]",
        }  # fmt: skip
    elif kind == "bytes":
        del names["unk_token"]
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, **names).save_pretrained(folder)
    return module
