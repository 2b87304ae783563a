"""Commands on folders of Hugging Face: every option of opening one reaches the model."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from sacrebleu import corpus_bleu
from tests.cli.conftest import Glasshead, strictly
from tests.core.adapters.huggingface.folders import save
from tests.tui.spelling import spell

import glasshead as library

TEXT = "the black cat is sleeping"
PAIRS = [("the black cat", "le chat noir"), ("a dog", "un chien"), ("the house is red", "la maison est rouge")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("models")
    for family in ("marian", "gpt2", "bert"):
        save(family, home / family)
    return home


def parts(folder: Path) -> tuple[Any, Any]:
    """The model and its tokenizer, as their owner loads them."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder)
    maker: Any = getattr(transformers, config.architectures[0])
    return maker.from_pretrained(folder).eval(), transformers.AutoTokenizer.from_pretrained(folder)


def test_a_given_target_is_followed_step_by_step(glasshead: Glasshead, home: Path) -> None:
    result = glasshead("explore", str(home / "marian"), "--text", TEXT, "--forced", "le chat noir", "--steps", "4")
    assert (result.status, result.err) == (0, "")
    module, tokenizer = parts(home / "marian")
    ids = [3, *tokenizer("le chat noir")["input_ids"]]
    logits = module(**tokenizer(TEXT, return_tensors="pt"), decoder_input_ids=torch.tensor([ids])).logits[0]
    follows = [line.split() for line in result.out.splitlines() if line.startswith("follows")]
    assert len(follows) >= 4
    for place, line in enumerate(follows[:4]):
        token = ids[place + 1]
        assert line[1] == spell(tokenizer.convert_ids_to_tokens([*ids[: place + 1], token]))[-1]
        assert float(line[2]) == pytest.approx(float(logits[place].softmax(-1)[token]), abs=6e-4)


def test_what_would_be_filled_in_is_listed(glasshead: Glasshead, home: Path) -> None:
    result = glasshead("explore", str(home / "bert"), "--text", "the [MASK] is sleeping")
    assert result.status == 0
    [line] = [line for line in result.out.splitlines() if line.startswith("at ")]
    module, tokenizer = parts(home / "bert")
    ids = tokenizer("the [MASK] is sleeping", return_tensors="pt")
    place = ids["input_ids"][0].tolist().index(tokenizer.mask_token_id)
    best = int(module(**ids).logits[0, place].argmax())
    assert line.startswith(f"at {place} ") and tokenizer.convert_ids_to_tokens(best).removeprefix("##") in line


def test_a_model_that_fails_the_check_at_load_gets_a_verdict(
    glasshead: Glasshead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshead.adapters.huggingface.check._most", lambda model: -1.0)  # nothing is near enough
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "nothing is remembered"))
    told = glasshead("check", str(home / "gpt2"), "--json")
    report = strictly(told.out)
    assert (told.status, told.err) == (1, "") and (report["name"], report["ok"]) == ("gpt2", False)
    [verdict] = report["verdicts"]
    assert (verdict["what"], verdict["word"]) == ("check at load", "silently wrong")
    assert "GPT2LMHeadModel does not pass the check" in verdict["found"]
    assert str(library.check(home / "gpt2")) == str(library.check(str(home / "gpt2")))
    assert glasshead("trace", str(home / "gpt2"), TEXT).status == 2, "what is wrong is not shown"


def test_ids_are_read_in_place_of_a_text(glasshead: Glasshead, home: Path) -> None:
    _, tokenizer = parts(home / "gpt2")
    ids = ",".join(map(str, tokenizer(TEXT)["input_ids"]))
    for command in ("explore", "trace"):
        usual = glasshead(
            command, str(home / "gpt2"), *(["--text"] if command == "explore" else []), TEXT, "--steps", "2"
        )
        bare = glasshead(command, str(home / "gpt2"), "--ids", ids, "--steps", "2")
        assert (usual.status, bare.status) == (0, 0) and usual.out == bare.out
    both = glasshead("explore", str(home / "gpt2"), "--ids", ids, "--text", TEXT)
    assert both.status == 2 and "two ways of saying what is read" in both.err
    odd = glasshead("translate", str(home / "gpt2"), "--ids", "3,x")
    assert odd.status == 2 and "'x' is not an id" in odd.err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--to", "fr"], "gpt2 has no tokens for languages"),
        (["--from", "fr"], "does not ask for the language of the text"),
        (["--chat"], "no chat template"),
        (["--device", "mps"], "--device mps is not available"),
    ],
)
def test_an_option_that_a_model_does_not_have_is_refused(
    glasshead: Glasshead, home: Path, options: list[str], sentence: str
) -> None:
    for words in (["explore", str(home / "gpt2"), "--text", TEXT], ["translate", str(home / "gpt2"), TEXT]):
        result = glasshead(*words, *options)
        assert result.status == 2 and sentence in result.err.replace("\n", " ")


def test_another_precision_computes_in_it(glasshead: Glasshead, home: Path) -> None:
    result = glasshead("trace", str(home / "gpt2"), TEXT, "--keep", "logits", "--format", "json", "--dtype", "bfloat16")
    assert (result.status, result.err) == (0, "")
    row = torch.tensor(strictly(result.out)["sites"]["logits"]["values"])[0]
    module, tokenizer = parts(home / "gpt2")
    ids = tokenizer(TEXT, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        exact = module(input_ids=ids).logits[0, 0]
        coarse = module.to(torch.bfloat16)(input_ids=ids).logits[0, 0].float()
    assert torch.equal(row, row.bfloat16().float()), "every number is one of bfloat16"
    assert torch.allclose(row, coarse, atol=0.05 * float(exact.abs().max())) and not torch.equal(row, exact)


@pytest.mark.parametrize("beam", [1, 2])
def test_a_translator_is_scored(glasshead: Glasshead, home: Path, tmp_path: Path, beam: int) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS), encoding="utf-8")
    result = glasshead(
        "evaluate", str(home / "marian"), "--pairs", str(pairs), "--beam", str(beam), "--json", "--output", "out"
    )
    assert (result.status, result.err) == (0, "")
    found = strictly(result.out)
    module, tokenizer = parts(home / "marian")
    total = tokens = 0.0
    given = []
    for source, target in PAIRS:
        read, labels = tokenizer(source, return_tensors="pt"), tokenizer(target, return_tensors="pt")["input_ids"]
        started = torch.cat([torch.tensor([[3]]), labels[:, :-1]], 1)
        logits = module(**read, decoder_input_ids=started).logits
        total += float(torch.nn.functional.cross_entropy(logits[0], labels[0], reduction="sum"))
        tokens += labels.numel()
        if beam == 1:
            longest = 3 * read["input_ids"].numel() + 20
            ids = module.generate(**read, do_sample=False, num_beams=1, max_new_tokens=min(longest, 63))[0]
            given.append(tokenizer.decode(ids, skip_special_tokens=True).strip())
    assert found["loss"] == pytest.approx(total / tokens, rel=1e-5)
    if beam == 1:
        assert Path("out").read_text(encoding="utf-8").splitlines() == given
        expected = corpus_bleu(given, [[target for _, target in PAIRS]], force=True).score
        assert found["bleu"] == pytest.approx(expected, abs=1e-6)


def test_what_does_not_translate_is_not_scored(glasshead: Glasshead, home: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("a dog\tun chien\n", encoding="utf-8")
    for family in ("gpt2", "bert"):
        result = glasshead("evaluate", str(home / family), "--pairs", str(pairs))
        assert result.status == 2 and "does not translate a source" in result.err


def test_the_sites_of_a_followed_line_are_traced(glasshead: Glasshead, home: Path) -> None:
    result = glasshead("trace", str(home / "marian"), TEXT, "--forced", "le chat", "--format", "json")
    assert result.status == 0
    written = json.loads(result.out)
    _, tokenizer = parts(home / "marian")
    assert [token["id"] for token in written["produced"]] == tokenizer("le chat")["input_ids"]
