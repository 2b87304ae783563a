"""The stream of pre-norm modules under edits, against the same algebra written out by hand.

x = edit(x + sublayer(norm(x)))         read by the next norm and by the next addition
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from tests.core.adapters.torch_nn.tutorials import SOURCE, TARGET, TUTORIALS, Block, Gpt
from tests.core.edits.ways import at_once, compiled, run
from torch import Tensor, nn

from glasshead import GlassheadError
from glasshead.decoding.protocols import Model

Join = Callable[[str, Tensor, Tensor], Tensor]
"""Site, stream, what is added → the stream after it."""


def dropped(sites: set[str], first: int = 0) -> Join:
    """Join without the residual connection of some sites, from a row on."""

    def join(site: str, x: Tensor, more: Tensor) -> Tensor:
        alone = torch.arange(x.shape[1]).view(1, -1, 1) >= first
        return torch.where(alone, more, x + more) if site in sites else x + more

    return join


def doubled(sites: set[str]) -> Join:
    return lambda site, x, more: (x + more) * (2 if site in sites else 1)


def attended(module: Any, x: Tensor, memory: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
    return module(x, x if memory is None else memory, x if memory is None else memory, attn_mask=mask)[0]


def gpt(module: Any, join: Join) -> Tensor:
    """The logits of `Gpt`, q v: each block's residual algebra is written here."""
    x = module.wte(torch.tensor([TARGET])) + module.wpe(torch.arange(len(TARGET)))
    for number, block in enumerate(module.blocks):
        x = join(f"decoder.{number}.self", x, attended(block.attn, block.ln1(x), mask=module.mask(len(TARGET))))
        x = join(f"decoder.{number}.ffn", x, block.mlp(block.ln2(x)))
    return module.head(module.ln_f(x))[0]


def transformer(module: Any, join: Join) -> Tensor:
    """The logits of `nn.Transformer(norm_first=True)`, q v."""
    x = module.place(module.src_tok_emb(torch.tensor([SOURCE])))
    y = module.place(module.tgt_tok_emb(torch.tensor([TARGET])))
    for number, each in enumerate(module.transformer.encoder.layers):
        x = join(f"encoder.{number}.self", x, attended(each.self_attn, each.norm1(x)))
        x = join(f"encoder.{number}.ffn", x, each.linear2(nn.functional.gelu(each.linear1(each.norm2(x)))))
    x = module.transformer.encoder.norm(x)
    mask = torch.ones(len(TARGET), len(TARGET), dtype=torch.bool).triu(1)
    for number, each in enumerate(module.transformer.decoder.layers):
        y = join(f"decoder.{number}.self", y, attended(each.self_attn, each.norm1(y), mask=mask))
        y = join(f"decoder.{number}.cross", y, attended(each.multihead_attn, each.norm2(y), x))
        y = join(f"decoder.{number}.ffn", y, each.linear2(nn.functional.gelu(each.linear1(each.norm3(y)))))
    return module.generator(module.transformer.decoder.norm(y))[0]


HANDS: dict[str, Callable[[Any, Join], Tensor]] = {"gpt": gpt, "translation, norms first": transformer}


def close(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() <= 2e-5 * max(1.0, float(other.abs().max())))


def edited(model: Model, *texts: str) -> Tensor:
    """Logits of the target under edits, q v, at once; in steps they must be the same."""
    source = SOURCE if "source.sum" in model.anatomy.sites else []
    changes = compiled(model, texts)
    whole = at_once(model, changes, source, TARGET)
    for passes in ([[token] for token in TARGET], [TARGET[:3], TARGET[3:]]):
        assert close(run(model, changes, source, passes), whole)
    return whole


@pytest.mark.parametrize("name", HANDS)
@torch.no_grad()
def test_an_edit_of_a_stream_is_the_algebra_written_by_hand(name: str) -> None:
    tutorial = TUTORIALS[name]
    module = tutorial.module()
    model, hand = tutorial.subject(module).model, HANDS[name]
    plain = edited(model)
    assert close(plain, hand(module, dropped(set())))
    sites = [site.removesuffix(".resid") for site in model.anatomy.sites if site.endswith(".resid")]
    assert len(sites) == (6 if name == "gpt" else 13)
    for site in sites:
        assert close(edited(model, f"{site}.resid = out"), hand(module, dropped({site}))), site
        assert close(edited(model, f"{site}.resid *= 2"), hand(module, doubled({site}))), site
    assert close(edited(model, "decoder.*.resid = out"), hand(module, dropped({s for s in sites if s[0] == "d"})))
    late = edited(model, "decoder.0.self.resid[query=3-] = out")
    assert close(late, hand(module, dropped({"decoder.0.self"}, 3)))
    late = edited(model, "decoder.0.self.resid[query=3-] *= 2")
    assert torch.equal(late[:3], plain[:3]) and not close(late[3:], plain[3:])


class Bad(Block):
    """A block that makes its sum in another way."""

    def __init__(self, add: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.add = add

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.add(x, attended(self.attn, self.ln1(x), mask=mask))
        return x + self.mlp(self.ln2(x))


class Twice(Block):
    """A block that adds up again what its norm has been given."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        more = attended(self.attn, self.ln1(x), mask=mask)
        return self.mlp(self.ln2(x + more)) + (x + more)


class Bare(Block):
    """A block without a second norm."""

    def __init__(self) -> None:
        super().__init__()
        self.ln2 = nn.Identity()  # type: ignore[assignment]


class Flat(Gpt):
    """A model whose blocks are not modules with a `forward` that is called: it adds up everything itself."""

    def forward(self, ids: Tensor) -> tuple[Tensor, None]:
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[-1]))
        for block in self.blocks:
            x = Block.forward(block, x, self.mask(ids.shape[-1]))  # type: ignore[arg-type]
        return self.head(self.ln_f(x)), None


def subject_of(module: Any) -> Any:
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return TUTORIALS["gpt"].subject(module.eval()).model


@torch.no_grad()
def test_sums_of_every_kind_of_block_are_changed_wherever_they_are_read() -> None:
    dropout = Gpt(lambda: Bad(lambda x, more: nn.functional.dropout(x + more, 0.1, False)))
    feed_forward = {f"decoder.{number}.ffn" for number in range(3)}
    for module in (Gpt(Bare), Flat(), dropout, Gpt(lambda: Bad(lambda x, more: torch.add(more, x)))):
        model = subject_of(module)
        assert close(edited(model, "decoder.1.self.resid = out"), gpt(module, dropped({"decoder.1.self"})))
        assert close(edited(model, "decoder.*.ffn.resid *= 2"), gpt(module, doubled(feed_forward)))


@pytest.mark.parametrize("block", [Twice, lambda: Bad(lambda x, more: torch.stack([x, more]).sum(0))])
def test_a_sum_whose_change_would_not_be_read_everywhere_is_refused(block: Callable[[], nn.Module]) -> None:
    model = subject_of(Gpt(block))
    name = "Twice" if block is Twice else "Bad"
    with pytest.raises(GlassheadError, match=rf"self\.resid can be seen and not changed: {name} adds it up in a way"):
        edited(model, "decoder.0.self.resid = out")
    assert not close(edited(model, "decoder.0.ffn.resid *= 2"), edited(model)), "what its block returns can be"
