"""Where the parts of a model lie that is in no table: found by running a few tokens and following its numbers.

A module that calls the attention function is an attention. A linear map that is given its heads is its projection; a
norm whose result a sub-layer reads is the norm before it; a norm that is given x + sublayer(x) is the norm after it.
What is not beyond doubt has no site. Everything found is checked like an entry of the table (check.py).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from glasshead.adapters.huggingface import attention as attentions
from glasshead.adapters.huggingface.attention import Call
from glasshead.adapters.huggingface.families import ALONE, NONE, PARALLEL, ROTARY, UNSEEN, Block, Family, Joint, Stack
from glasshead.adapters.huggingface.trying import trying
from glasshead.adapters.huggingface.watch import Switch
from glasshead.adapters.points import Look, by_heads
from glasshead.errors import GlassheadError

SOURCE, TARGET = 4, 3
"""Tokens of the two sides in the pass of trial; a model of one side reads as many as a source has."""
SEEN = "over a few tokens, to see how it is made"
"""End of the sentence about a model that fails in a pass of trial."""
LAYER = re.compile(r"(?P<layers>.+?)\.(?P<number>\d+)\.(?P<own>.+)")
"""Path of a part of a layer: of the list of layers, the number of the layer, and within it."""


class Sub(NamedTuple):
    """A sub-layer and its norms: of what it reads, of what it gives, of the stream after it."""

    block: Block
    before: str
    after: str
    stream: str


@dataclass(frozen=True)
class Run:
    """What one module was given and what it returned."""

    path: str
    module: nn.Module
    given: Tensor | None
    found: Tensor | None


@torch.no_grad()
def discover(module: Any, switch: Switch) -> Family:
    """Describe a model by one pass over a few tokens. switch: of our attention.

    Raises GlassheadError for a model that calls no attention function, or one whose stacks cannot be told apart.
    """
    runs, calls = _run(module, switch)
    if not calls:
        raise GlassheadError(unwatchable(module))
    paths = {each: path for path, each in module.named_modules()}
    groups: dict[tuple[str, str, str], dict[str, int]] = {}
    taken: set[tuple[str, str, str, str]] = set()
    for each, call in calls.items():
        where = LAYER.fullmatch(paths[each])
        if where is None:
            raise GlassheadError(f"{type(module).__name__} has an attention outside of any layer: {paths[each]}.")
        stack, part = _kind(module, call)
        if (place := (where["layers"], where["number"], stack, part)) in taken:
            raise GlassheadError(
                f"{type(module).__name__} has several attentions of the same tokens in one layer, which no view shows."
            )
        taken.add(place)
        own = groups.setdefault((where["layers"], stack, part), {})
        own[where["own"]] = own.get(where["own"], 0) + 1
    stacks: list[Stack] = []
    for name in ("encoder", "decoder"):
        lists = {layers for layers, stack, _ in groups if stack == name}
        if len(lists) > 1:
            raise GlassheadError(f"{type(module).__name__} has several stacks of layers that read the same tokens.")
        for layers in lists:
            usual = {
                part: max(counts, key=lambda path: counts[path])
                for (_, stack, part), counts in groups.items()
                if stack == name
            }
            stacks.append(_Finder(module, runs, calls, layers).stack(name, usual))
    names = [stack.name for stack in stacks]
    if module.config.is_encoder_decoder and "decoder" not in names:
        raise GlassheadError(unwatchable(module))
    remarks = (
        (UNSEEN, module.config.is_encoder_decoder and "encoder" not in names),
        (PARALLEL, any(stack.parallel for stack in stacks)),
        (ROTARY, any(block.query for stack in stacks for block in stack.blocks)),
    )
    return Family(stacks=tuple(stacks), remarks=tuple(remark for remark, there in remarks if there))


def unwatchable(module: Any) -> str:
    """Say why a model is refused whose attention nobody can watch, or that has none."""
    attends = any("attention" in type(each).__name__.lower() for each in module.modules())
    return f"{type(module).__name__} {ALONE if attends else NONE}."


def _kind(module: Any, call: Call) -> tuple[Literal["encoder", "decoder"], Literal["self", "cross"]]:
    if not module.config.is_encoder_decoder:
        return ("decoder" if call.causal else "encoder"), "self"
    sides: dict[tuple[int, int], tuple[Literal["encoder", "decoder"], Literal["self", "cross"]]] = {
        (SOURCE, SOURCE): ("encoder", "self"),
        (TARGET, TARGET): ("decoder", "self"),
        (TARGET, SOURCE): ("decoder", "cross"),
    }
    if (call.queries, call.keys) not in sides:
        raise GlassheadError(
            f"{type(module).__name__} has an attention over other tokens than those of one side, which no view shows."
        )
    return sides[call.queries, call.keys]


def _run(module: Any, switch: Switch) -> tuple[dict[str, Run], dict[nn.Module, Call]]:
    """Run a few tokens; return what each module was given and returned, in the order in which they returned."""
    runs: dict[str, Run] = {}
    handles = []
    for path, each in module.named_modules():

        def note(_module: nn.Module, given: Any, named: Any, found: Any, path: str = path) -> None:
            one = _first([*given, named.get("hidden_states"), *named.values()])
            runs[path] = Run(path, _module, one, _first(found))

        handles.append(each.register_forward_hook(note, with_kwargs=True))
    device, size = module.get_input_embeddings().weight.device, int(module.config.get_text_config().vocab_size)
    given: dict[str, Any] = {"input_ids": _ids(SOURCE, size, device)}
    if module.config.is_encoder_decoder:
        given["decoder_input_ids"] = _ids(TARGET, size, device)
    if "use_cache" in signature(module.forward).parameters:
        given["use_cache"] = False
    found = attentions.calls = {}
    switch.switch_on()
    try:
        with trying(module, SEEN):
            module(**given)
    finally:
        switch.switch_off()
        attentions.calls = None
        for handle in handles:
            handle.remove()
    return runs, found


def _ids(count: int, size: int, device: torch.device) -> Tensor:
    return torch.tensor([[(3 + number) % size for number in range(count)]], device=device)


def _first(values: Any) -> Tensor | None:
    """Return the first tensor of what a module was given or returned."""
    if isinstance(values, Tensor):
        return values
    if isinstance(values, Mapping):
        values = list(values.values())
    return (
        next((each for each in values if isinstance(each, Tensor)), None) if isinstance(values, list | tuple) else None
    )


class _Finder:
    """Finds the parts of one stack, in one of its layers that have an attention."""

    def __init__(self, module: Any, runs: dict[str, Run], calls: dict[nn.Module, Call], layers: str) -> None:
        self.module, self.runs, self.calls, self.layers = module, runs, calls, layers
        self.modules = dict(module.named_modules())
        self.count = len(self.modules[layers])
        self.layer = ""
        """Path of the layer that is looked at."""

    def stack(self, name: Literal["encoder", "decoder"], attention: dict[str, str]) -> Stack:
        """Describe the stack. attention: path of each kind of attention within a layer."""
        one = next(iter(attention.values()))
        there = [
            path
            for number in range(self.count)
            if self.modules.get(f"{(path := f'{self.layers}.{number}')}.{one}") in self.calls
        ]
        self.layer = there[min(1, len(there) - 1)]  # the first layer is often an exception
        found = [self.attention(part, attention[part]) for part in ("self", "cross") if part in attention]
        feed_forward = self.feed_forward(found)
        if there[0] != self.layer:  # where most layers have experts, the first ones may have none
            usual, self.layer = self.layer, there[0]
            feed_forward = feed_forward._replace(block=_either(feed_forward.block, self.feed_forward(found).block))
            self.layer = usual
        found.append(feed_forward)
        post = bool(found[0].stream)
        own, feed = found[0].before, found[-1].before
        beside = not post and len(found) == 2 and (own == feed != "" or _same(self.given(own), self.given(feed)))
        blocks: list[Block] = []
        for sub in found:
            norm = sub.stream if post else sub.before
            blocks.append(replace(sub.block, norm="" if blocks and norm == own else norm, after=sub.after))
        return Stack(
            name=name, layers=self.layers, blocks=tuple(blocks), where="post" if post else "pre", parallel=beside,
            **self.ends(name),
        )  # fmt: skip

    def attention(self, part: str, path: str) -> Sub:
        """Describe an attention with its projection, its norms, and q and k before they are rotated."""
        call = self.calls[self.modules[f"{self.layer}.{path}"]]
        home = f"{self.layer}.{path}"
        maps = [run for run in self.within(self.layer) if is_map(run.module)]
        output = next((run for run in maps if _same(run.given, call.out)), None)
        first = next((run for run in maps if run.path.startswith(f"{home}.") and run is not output), None)
        query, key, joint, heads_first = self.unrotated(home, call)
        block = Block(
            part="self" if part == "self" else "cross", attention=path, output=self.local(output), norm="",
            query=query, key=key, joint=joint, heads_first=heads_first,
        )  # fmt: skip
        return Sub(block, *self.norms(_given(first), output.found if output else None, outside=home))

    def feed_forward(self, attention: list[Sub]) -> Sub:
        """Describe the feed-forward layer: two maps, or three with a gate; of any other its norms alone."""
        homes = [f"{self.layer}.{sub.block.attention}." for sub in attention]
        taken = {f"{self.layer}.{sub.block.output}" for sub in attention}
        maps = [
            run
            for run in self.within(self.layer)
            if is_map(run.module) and run.path not in taken and not run.path.startswith(tuple(homes))
        ]
        if len(maps) in (2, 3):
            norms = self.norms(maps[0].given, maps[-1].found)
            if norms[2] or self.gives(maps[-1]) or self.joins(norms[0], maps[-1]):
                inner, gate = self.halves(maps)
                return Sub(Block(part="ffn", output=self.local(maps[-1]), inner=inner, gate=gate, norm=""), *norms)
        whole = [
            self.runs[path]
            for name, child in self.modules[self.layer].named_children()
            if (path := f"{self.layer}.{name}") in self.runs
            and not is_norm(child)
            and next(child.parameters(), None) is not None
            and not any(home.startswith(f"{path}.") for home in homes)
        ]
        entered, left = (whole[0].given, whole[0].found) if len(whole) == 1 else (None, None)
        return Sub(Block(part="ffn", output="", norm=""), *self.norms(entered, left))

    def halves(self, maps: list[Run]) -> tuple[str, str]:
        """Find the first map of a feed-forward layer, and that of the gate; empty where they are one, or in doubt."""
        first, *others = maps[:-1]
        if _shape(first.found) != _shape(maps[-1].given):
            return "", ""
        if not others:
            return self.local(first), ""
        gates = [run for run in maps[:-1] if "gate" in run.path.removeprefix(self.layer)]
        if len(gates) != 1 or not _same(first.given, others[0].given):
            return "", ""
        return self.local(next(run for run in maps[:-1] if run is not gates[0])), self.local(gates[0])

    def gives(self, last: Run) -> bool:
        """Tell whether a map gives what the module around it gives, if that is not the layer itself."""
        around = last.path.rpartition(".")[0]
        return around == self.layer or (around in self.runs and _same(self.runs[around].found, last.found))

    def joins(self, norm: str, last: Run) -> bool:
        """Tell whether the layer gives what a norm read plus what a map gave, the sum being made around the map."""
        return bool(norm) and _added(self.runs[self.layer].found, self.given(norm), last.found)

    def norms(self, entered: Tensor | None, left: Tensor | None, *, outside: str = "\0") -> tuple[str, str, str]:
        """Find the norms of a sub-layer: of what it reads, of what it gives, and of the stream after it.

        entered, left: what the sub-layer reads and gives · outside: path of a module whose own norms do not count.
        """
        norms = [
            run for run in self.within(self.layer) if is_norm(run.module) and not run.path.startswith(f"{outside}.")
        ]
        # The very tensor counts for more than an equal one: two norms that were never trained give the same.
        before = [run for run in norms if run.found is entered] or [run for run in norms if _same(run.found, entered)]
        after = [run for run in norms if _same(run.given, left)]
        stream = [run for run in norms if run not in after and _added(run.given, entered, left)]
        first, second, third = (self.local(found[0]) if found else "" for found in (before, after, stream))
        return first, second, third

    def unrotated(self, home: str, call: Call) -> tuple[str, str, Joint, bool]:
        """Find what gives q and k before they are rotated; nothing if they are not. The last such module counts."""
        found: tuple[str, str, Joint, bool] = "", "", "", False
        for first in (False, True):
            names = {}
            for run in self.within(home):
                for name, heads, value in (("q", call.heads, call.q), ("k", call.key_heads, call.k)):
                    look = by_heads(heads, call.width, heads_first=first)
                    whole = run.found is not None and run.found.numel() == value.numel()
                    if whole and run.found is not None and _turned(run.found, value, look):
                        names[name] = self.local(run)
            if len(names) == 2:
                found = names["q"], names["k"], "", first
        joints: tuple[tuple[Joint, int, int], ...] = (("parts", call.heads, 1), ("heads", 1, 3))
        for run in self.within(home):
            for joint, at, each in joints:
                looks = by_heads(call.heads, call.width, 0, each), by_heads(call.key_heads, call.width, at, each)
                both = run.found is not None and run.found.dim() == 3 and run.found.numel() > call.q.numel()
                if both and run.found is not None and all(map(_turned, (run.found,) * 2, (call.q, call.k), looks)):
                    return self.local(run), "", joint, False
        return found

    def ends(self, name: str) -> dict[str, str]:
        """Find the embeddings, the norm of them, and the norm after all layers."""
        first, last = f"{self.layers}.0", f"{self.layers}.{self.count - 1}"
        outside = [run for path, run in self.runs.items() if not path.startswith(f"{self.layers}.")]
        found: dict[str, str] = {}
        for run in outside:
            if is_norm(run.module) and run.path:
                if _same(run.found, self.runs[first].given):
                    found["first"] = run.path
                if _same(run.given, self.runs[last].found):
                    found["last"] = run.path
        side = [
            run
            for run in outside
            if next(run.module.children(), None) is None
            and (not self.module.config.is_encoder_decoder or name in run.path.split("."))
        ]
        for words, key in ((("token_type",), "segment"), (("pos", "wpe"), "position")):
            named = [run for run in side if any(word in run.path.rpartition(".")[2] for word in words)]
            if len(named) == 1:
                found[key] = named[0].path
                side.remove(named[0])
        tables = [run for run in side if isinstance(run.module, nn.Embedding)]
        if len(tables) == 1:
            found["embed"] = tables[0].path
        return {"embed": "", **found}

    def within(self, path: str) -> Iterator[Run]:
        """List the runs of the modules within a module, in the order in which they returned."""
        return (run for each, run in self.runs.items() if each.startswith(f"{path}."))

    def local(self, run: Run | None) -> str:
        """Return the path of a module within the layer."""
        return "" if run is None else run.path.removeprefix(f"{self.layer}.")

    def given(self, path: str) -> Tensor | None:
        """Return what a module of the layer was given."""
        return self.runs[f"{self.layer}.{path}"].given if path else None


def _either(block: Block, other: Block) -> Block:
    """Describe a sub-layer that is made in two ways: each layer has the modules of one of them."""
    parts: dict[str, Any] = {}
    for name in ("output", "inner", "gate"):
        paths = dict.fromkeys(path for path in (getattr(block, name), getattr(other, name)) if path)
        parts[name] = "|".join(paths)
    return replace(block, **parts)


def is_map(module: nn.Module) -> bool:
    """Tell whether a module is a linear map, of torch or as GPT-2 has it."""
    return isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"


def is_norm(module: nn.Module) -> bool:
    """Tell whether a module calls itself a norm, and is not put together from others."""
    return "norm" in type(module).__name__.lower() and next(module.children(), None) is None


def _given(run: Run | None) -> Tensor | None:
    return None if run is None else run.given


def _shape(value: Tensor | None) -> tuple[int, ...]:
    return () if value is None else tuple(value.shape)


def _same(one: Tensor | None, other: Tensor | None) -> bool:
    return one is not None and other is not None and one.shape == other.shape and torch.equal(one, other)


def _added(stream: Tensor | None, entered: Tensor | None, left: Tensor | None) -> bool:
    """Tell whether a stream is what a sub-layer read and what it gave, added."""
    if stream is None or entered is None or left is None or not stream.shape == entered.shape == left.shape:
        return False
    return torch.equal(stream, entered + left)


def _turned(value: Tensor, after: Tensor, look: Look) -> bool:
    """Tell whether a view of a value is another before its rotation: equal at position 0 alone."""
    try:
        seen, after = look(value).float(), after.float()
    except RuntimeError:  # another width
        return False
    if seen.shape != after.shape or not seen[:, :, 0].any():
        return False
    factor = after[:, :, 0].norm() / seen[:, :, 0].norm()
    near = 1e-4 * float(after.abs().max())
    straight = torch.allclose(seen[:, :, 0] * factor, after[:, :, 0], atol=near, rtol=1e-2)
    return straight and not torch.allclose(seen, after, atol=near, rtol=1e-2)
