"""The sites of a model of Hugging Face, and watching them.

While nobody watches, the model runs as its owner made it. Within a `with` block it uses our attention, and has a hook
at each place that is watched or changed; afterwards all of that is gone.
"""

from collections.abc import Iterable
from typing import Any

from torch import nn

from glasshead.adapters.addition import Addition
from glasshead.adapters.huggingface.attention import NAME, Form
from glasshead.adapters.huggingface.families import Block, Family, Stack
from glasshead.adapters.huggingface.faults import Fault, hidden, norm_prefix
from glasshead.adapters.points import Input, Look, Normalisation, Output, Unrotated, by_heads
from glasshead.anatomy import Norm
from glasshead.attend import STAGES
from glasshead.site import attention

Known = dict[str, tuple[Any, str]]


class Switch:
    """Lets a model use our attention for a while; nested whiles count as one."""

    def __init__(self, module: nn.Module) -> None:
        self._configs = unique_configs(module)
        self._watched = 0
        self._before: list[str] = []

    def switch_on(self) -> None:
        """Let the model use our attention."""
        self._watched += 1
        if self._watched == 1:
            self._before = [config._attn_implementation for config in self._configs]
            for config in self._configs:
                config._attn_implementation_internal = NAME

    def switch_off(self) -> None:
        """Let it use its own again, after the last of nested calls."""
        self._watched -= 1
        if not self._watched:
            for config, before in zip(self._configs, self._before, strict=True):
                config._attn_implementation_internal = before


class Root:
    """The model as a whole: its tap learns where each pass begins, and sees the logits."""


class Places:
    """Every place of a model where a value can be seen."""

    def __init__(self, module: nn.Module, family: Family, width: int, switch: Switch) -> None:
        self.modules = dict(module.named_modules())
        self.root, self.width = Root(), width
        self.known: Known = {}
        self.norms: list[Norm] = []
        self.odd: list[str] = []
        """Places of norms that are neither LayerNorm nor RMSNorm: they have no sites."""
        self.attentions: dict[str, nn.Module] = {}
        self.layers: dict[str, int] = {}
        """Number of layers of each stack."""
        self._blocks: dict[str, tuple[str, Block]] = {}
        """Block of each attention, with the path of its layer."""
        self.switch_on, self.switch_off = switch.switch_on, switch.switch_off
        seen: dict[int, str] = {}
        for stack in family.stacks:
            self._add_embedding(stack, seen)
            self._add_layers(stack)
        self.known["logits"] = (self.root, "logits")

    def find(self, path: str) -> nn.Module | None:
        """Find a module by its path, or by the first of several that there is; None for a missing part."""
        return next((found for each in path.split("|") if each and (found := self.modules.get(each))), None)

    def _add(self, site: str, point: Any, *names: str) -> None:
        for name in names:
            self.known[f"{site}.{name}" if site else name] = (point, name)

    def _add_embedding(self, stack: Stack, seen: dict[int, str]) -> None:
        """Add the sites of an embedding. One that both sides share has none: its values would be mixed up."""
        for path, name in ((stack.embed, "embed"), (stack.position, "position"), (stack.segment, "segment")):
            module = self.find(path)
            if module is not None:
                if id(module) in seen:
                    self.known.pop(f"{seen[id(module)]}.{name}", None)
                else:
                    seen[id(module)] = stack.side
                    self._add(stack.side, Output(module, name), name)
        first, norm = self.find(f"{stack.layers}.0"), self.find(stack.first)
        if norm is not None:
            self._add(stack.side, Input(norm, "sum", changeable=True), "sum")
            self._add_norm(stack.side, stack.first, "post")
        elif first is not None:
            self._add(stack.side, Input(first, "sum", changeable=True), "sum")

    def _add_layers(self, stack: Stack) -> None:
        number = 0
        while (layer := self.find(path := f"{stack.layers}.{number}")) is not None:
            blocks = [block for block in stack.blocks if self._has(path, block)]
            for place, block in enumerate(blocks):
                self._add_block(stack, number, path, block)
                site = f"{stack.name}.{number}.{block.part}"
                last = place == len(blocks) - 1
                after = None if last else blocks[place + 1]
                norm = self._own(path, block.norm if stack.where == "post" else after.norm if after else "")
                if norm is None and after is not None and not after.norm:  # the next sub-layer reads the stream itself
                    norm = self._own(path, after.gate or after.inner)
                if stack.where == "post" and norm is not None:
                    self._add(site, Input(norm, "resid", changeable=True), "resid")
                elif last:
                    self._add(site, Output(layer, "resid"), "resid")
                elif norm is not None and not stack.parallel:
                    added = self._own(path, block.after) or self._own(path, block.output)
                    point = (
                        Input(norm, "resid", changeable=False)
                        if added is None
                        else Addition(norm, "resid", layer=layer, added=added)
                    )
                    self._add(site, point, "resid")
            number += 1
        self.layers[stack.name] = number
        if stack.last:
            self._add_norm(stack.name, stack.last, "last")

    def _has(self, path: str, block: Block) -> bool:
        return block.part == "ffn" or self._own(path, block.attention) is not None

    def _own(self, layer: str, path: str) -> nn.Module | None:
        return self.find("|".join(f"{layer}.{each}" for each in path.split("|"))) if path else None

    def _add_block(self, stack: Stack, number: int, path: str, block: Block) -> None:
        site = attention(stack.name, number, block.part)
        if block.attention:
            module = self._own(path, block.attention)
            if module is None:
                return
            self.attentions[site] = module
            self._blocks[site] = path, block
            self._add(site, module, *STAGES)
        output = self._own(path, block.output)
        if block.part == "ffn" and output is not None:
            gate, inner = self._own(path, block.gate), self._own(path, block.inner)
            if gate is not None:
                self._add(site, Output(gate, "gate"), "gate")
            if inner is not None:
                name = "hidden" if gate is None else "up"
                self._add(site, Output(inner, name), name)
            self._add(site, Input(output, "active", changeable=True), "active")
        if output is not None:
            self._add(site, Output(output, "out"), "out")
        if block.norm:
            self._add_norm(site, f"{path}.{block.norm}", stack.where)
        if block.after:
            self._add_norm(f"{site}.after", f"{path}.{block.after}", "after")

    def _add_norm(self, site: str, path: str, where: Any) -> None:
        module = self.find(path)
        if module is None or isinstance(module, nn.Identity):
            return
        try:
            point = Normalisation(module, self.width)
        except (ValueError, RuntimeError):  # shown as nothing rather than as something false
            self.odd.append(site)
            return
        for name in point.emits:
            self.known[f"{norm_prefix(site)}.{name}"] = (point, name)
        self.norms.append(Norm(site.removesuffix(".after"), "rms" if point.rms else "layer", point.eps, where))

    def add_bias(self, site: str) -> None:
        """Add the position bias to the sites of an attention that has one."""
        self._insert(f"{site}.scores", {f"{site}.bias": (self.attentions[site], "bias")})

    def add_unrotated(self, site: str, form: Form) -> None:
        """Add q and k before the rotation to the sites of an attention that rotates them."""
        path, block = self._blocks[site]
        query, key = self._own(path, block.query), self._own(path, block.key)
        if query is None:
            return
        first, each = {"": (0, 1), "parts": (form.heads, 1), "heads": (1, 3)}[block.joint]
        looks: dict[str, Look] = {
            "q_unrotated": by_heads(form.heads, form.width, 0, each, heads_first=block.heads_first),
            "k_unrotated": by_heads(form.key_heads, form.width, first, each, heads_first=block.heads_first),
        }
        if key is None:
            points = dict.fromkeys(looks, Unrotated(query, looks))
        else:
            modules = zip(looks, (query, key), strict=True)
            points = {name: Unrotated(module, {name: looks[name]}) for name, module in modules}
        self._insert(f"{site}.q", {f"{site}.{name}": (point, name) for name, point in points.items()})

    def _insert(self, before: str, new: Known) -> None:
        """Add sites in front of another."""
        names = list(self.known)
        at = names.index(before)
        entries = [(name, self.known[name]) for name in names]
        self.known = dict([*entries[:at], *new.items(), *entries[at:]])

    def hide(self, faults: Iterable[Fault]) -> None:
        """Have no sites where something did not pass the check."""
        gone = hidden(faults, self.known)
        self.known = {name: found for name, found in self.known.items() if name not in gone}
        self.attentions = {site: module for site, module in self.attentions.items() if f"{site}.weights" not in gone}
        self.norms = [norm for norm in self.norms if f"{norm.prefix}.out" not in gone]


def unique_configs(module: nn.Module) -> list[Any]:
    """Collect the configurations that the modules of a model read their attention from, each once."""
    found: dict[int, Any] = {}
    for each in module.modules():
        config = getattr(each, "config", None)
        if config is not None and hasattr(config, "_attn_implementation"):
            found[id(config)] = config
    return list(found.values())
