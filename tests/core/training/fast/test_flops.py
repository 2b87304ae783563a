"""The products that are counted are those that PyTorch's own counter sees."""

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from glasshead.model import Config, Transformer
from glasshead.training.fast.flops import flops, peak


@pytest.mark.parametrize(
    "config",
    [
        Config(vocab_size=50, d_model=16, heads=2, d_ff=40, encoder_layers=2, decoder_layers=3),
        Config(vocab_size=50, d_model=16, heads=4, d_k=3, d_v=5, d_ff=24, encoder_layers=1, decoder_layers=1),
        Config(
            vocab_size=50, source_vocab_size=30, share_embeddings=False, d_encoder=24, d_model=16, heads=2, d_ff=32,
            encoder_layers=2, decoder_layers=1,
        ),
    ],
)  # fmt: skip
def test_they_are_those_of_a_forward_and_a_backward_pass(config: Config) -> None:
    sources, targets = np.array([7, 7, 7]), np.array([11, 11, 11])  # no padding, which torch would count
    model = Transformer(config)
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        logits = model(torch.full((3, 7), 5), torch.full((3, 11), 5))
        logits.sum().backward()
    assert flops(config, sources, targets) == pytest.approx(counter.get_total_flops(), rel=1e-9)


def test_sentences_add_up() -> None:
    config = Config(vocab_size=50, d_model=16, heads=2, d_ff=40)
    alone = [flops(config, np.array([s]), np.array([t])) for s, t in ((3, 9), (20, 4))]
    assert flops(config, np.array([3, 20]), np.array([9, 4])) == pytest.approx(sum(alone))


def test_the_peak_is_a_speed_that_this_machine_has() -> None:
    found = peak(torch.device("cpu"), torch.float32)
    assert 1e8 < found < 1e14
