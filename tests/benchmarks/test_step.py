"""The cost of one step of decoding: captured against not, late against early, and against Hugging Face.

Ratios of processor time within one run, the best of several interleaved rounds; `pytest -s` prints them.
"""

from typing import Any

import pytest
import torch
from tests.benchmarks.clock import best

import glasshead

SHAPE: dict[str, Any] = {
    "d_model": 256,
    "heads": 8,
    "d_ff": 1024,
    "encoder_layers": 3,
    "decoder_layers": 3,
    "max_length": 600,
}
STEPS = 64


@pytest.fixture(scope="module")
def subject() -> glasshead.Subject:
    codec = glasshead.Codec.train(["the black cat is sleeping", "le chat noir dort"] * 5, vocab_size=400)
    torch.manual_seed(0)
    model = glasshead.Transformer(glasshead.Config(vocab_size=codec.size, **SHAPE)).eval()
    return glasshead.Subject("random", model, glasshead.Vocabulary.shared(codec))


def decode(subject: glasshead.Subject, steps: int, keep: tuple[str, ...] | None) -> glasshead.Stepper:
    """Decode `steps` tokens; any token will do, so it is always the same one and never the end."""
    line = subject.start("the black cat is sleeping", keep=keep)
    for _ in range(steps):
        line.choose(20)
    return line


def test_a_captured_step_costs_at_most_1_8_uncaptured_ones(subject: glasshead.Subject) -> None:
    captured, bare = best(lambda: decode(subject, STEPS, ("*",)), lambda: decode(subject, STEPS, None))
    print(f"\ncaptured {captured / STEPS * 1e3:.2f} ms, bare {bare / STEPS * 1e3:.2f} ms: {captured / bare:.2f} ×")
    assert captured <= 1.8 * bare


def test_a_step_at_512_costs_at_most_1_5_at_32(subject: glasshead.Subject) -> None:
    early, late = decode(subject, 16, ("*",)), decode(subject, 496, ("*",))

    def walk(line: glasshead.Stepper) -> None:
        line = line.branch()
        for _ in range(32):
            line.choose(20)

    at_32, at_512 = best(lambda: walk(early), lambda: walk(late))
    print(f"\nat 32 {at_32 / 32 * 1e3:.2f} ms, at 512 {at_512 / 32 * 1e3:.2f} ms: {at_512 / at_32:.2f} ×")
    assert at_512 <= 1.5 * at_32


def test_a_captured_step_costs_at_most_0_65_of_hugging_face(subject: glasshead.Subject) -> None:
    from transformers import MarianConfig, MarianMTModel

    size = subject.config.vocab_size
    marian = MarianMTModel(
        MarianConfig(
            vocab_size=size,
            d_model=256,
            encoder_layers=3,
            decoder_layers=3,
            encoder_attention_heads=8,
            decoder_attention_heads=8,
            encoder_ffn_dim=1024,
            decoder_ffn_dim=1024,
            max_position_embeddings=600,
            pad_token_id=0,
            eos_token_id=2,
            decoder_start_token_id=1,
            forced_eos_token_id=None,
            attn_implementation="eager",
        )
    ).eval()
    source = torch.tensor([[token.id for token in subject.encode("the black cat is sleeping")]])

    def generate() -> None:
        marian.generate(
            source,
            min_new_tokens=STEPS,
            max_new_tokens=STEPS,
            num_beams=1,
            do_sample=False,
            output_attentions=True,
            output_hidden_states=True,
            return_dict_in_generate=True,
        )

    ours, theirs = best(lambda: decode(subject, STEPS, ("*",)), generate)
    print(f"\nours {ours / STEPS * 1e3:.2f} ms, Hugging Face {theirs / STEPS * 1e3:.2f} ms: {ours / theirs:.2f} ×")
    assert ours <= 0.65 * theirs


def test_watching_one_layer_of_six_costs_at_most_1_1_of_watching_nothing() -> None:
    torch.manual_seed(0)
    shape = {**SHAPE, "encoder_layers": 6, "decoder_layers": 6}
    model = glasshead.Transformer(glasshead.Config(vocab_size=400, **shape)).eval()
    source, target = torch.randint(3, 400, (4, 64)), torch.randint(3, 400, (4, 64))
    listening = glasshead.listen(model, ["decoder.3.*"])

    @torch.inference_mode()
    def bare() -> None:
        for _ in range(3):
            model(source, target)

    @torch.inference_mode()
    def watched() -> None:
        with listening:
            for _ in range(3):
                model(source, target)

    plain, seen = best(bare, watched)
    print(f"\nwatched {seen / 3 * 1e3:.1f} ms, not watched {plain / 3 * 1e3:.1f} ms: {seen / plain:.2f} ×")
    assert seen <= 1.1 * plain
