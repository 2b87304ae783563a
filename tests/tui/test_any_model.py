"""Whatever shape a model has, the explorer shows it, and the truth line agrees."""

import pytest
import torch

import glasshead

SHAPES = {
    "pre-norm": {"norm": "pre"},
    "learned positions": {"positions": "learned"},
    "window": {"window": 3},
    "no scale": {"scale": False},
    "one head": {"heads": 1},
    "many layers": {"encoder_layers": 9, "decoder_layers": 1},
    "d_k and d_v": {"d_k": 5, "d_v": 3},
    "another encoder": {"d_encoder": 24, "share_embeddings": False},
    "short": {"max_length": 4},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
async def test_every_pane_of_every_model(explore, tiny, tmp_path, shape):
    _, codec, _ = glasshead.checkpoint.load(tiny)
    usual = {"d_model": 16, "heads": 2, "d_ff": 16, "encoder_layers": 1, "decoder_layers": 2, "max_length": 40}
    torch.manual_seed(1)
    model = glasshead.Transformer(glasshead.Config(vocab_size=codec.size, **{**usual, **shape}))
    glasshead.save(tmp_path / "model", model, codec, {}, half=False)
    async with explore(checkpoint=tmp_path / "model", text="cat") as explorer:
        for number in (1, 2):
            await explorer.press("space")
            await explorer.step(number)
        for _ in range(3):
            await explorer.press("s", "right_square_bracket", "right_parenthesis")
            for pane in "mauvo":
                await explorer.press(pane)
                await explorer.pilot.pause()
            await explorer.press("t", "k", "l")
        await explorer.until(lambda: explorer.text.count("✓") >= 4)
        assert "✗" not in explorer.text
        await explorer.press("end")
        await explorer.until(lambda: explorer.screen.moment.done)
        await explorer.press("enter", "space", "b", "b")
        await explorer.until(lambda: not explorer.screen.moment.done)
