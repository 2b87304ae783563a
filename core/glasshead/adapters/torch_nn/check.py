"""The self-check that decides whether a live module is shown: a few tokens, computed in two ways each.

    watched = unwatched        our attention and our hooks change no output
    weights = the module's     what `nn.MultiheadAttention` itself returns, head by head
    weights · V = output       what is shown of an attention is what the module goes on with
    norms reproduce            what is shown of a norm gives its output

That a stream is the sum of what is added to it is how it was found (flow.py). Whether it can be changed is tried: more
in the sum must give what as much more in what is added gives. Where it does not, the stream is seen and not changed.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glasshead.adapters.addition import Addition
from glasshead.adapters.torch_nn.passes import without_fast_path
from glasshead.adapters.torch_nn.places import LaidNorm
from glasshead.errors import GlassheadError
from glasshead.tap import ONE_AT_A_TIME

if TYPE_CHECKING:
    from glasshead.adapters.torch_nn.model import TorchNN


@torch.no_grad()
def self_check(model: "TorchNN") -> None:
    """Check a model. Raises GlassheadError with the first thing that it does not pass."""
    with ONE_AT_A_TIME:
        plain = model.caller({side: each.unsqueeze(0) for side, each in model.examined.ids.items()})
        if not bool(plain.isfinite().all()):
            raise GlassheadError(f"{model.caller.words} returned NaN or infinity{_blind(model)}.")
        _check_attentions(model)
        _check_output(model, plain)
        _try_streams(model)


def _check_attentions(model: "TorchNN") -> None:
    for site, event in model.examined.attentions.items():
        module, stages = event.module, model.examined.stages[site]
        assert isinstance(module, nn.MultiheadAttention)
        asked = {name: _fitting(each, module) for name, each in event.arguments.items()}
        asked |= {"need_weights": True, "average_attn_weights": False}
        with without_fast_path():
            _, weights = module(**asked)
        weights = weights.unsqueeze(0) if weights.dim() == 3 else weights
        _same(model, f"{site}.weights are not those of {event.path}", stages["weights"], weights.nan_to_num(0))
        heads = stages["heads"].transpose(1, 2).flatten(2)[0]
        projected = F.linear(heads, module.out_proj.weight, module.out_proj.bias)
        assert event.found is not None
        _same(model, f"{site}.out is not its heads through its projection", projected, event.found)


def _fitting(value: Any, module: nn.MultiheadAttention) -> Any:
    """Give a float mask the precision of the module: where weights are asked for, torch takes no other."""
    floats = isinstance(value, Tensor) and value.is_floating_point()
    return value.to(module.out_proj.weight.dtype) if floats else value


def _check_output(model: "TorchNN", plain: Tensor) -> None:
    ids = {side: each.unsqueeze(0) for side, each in model.examined.ids.items()}
    with model.listen(["*"]) as seen:
        watched = model.caller(ids)
    with without_fast_path():
        slow = model.caller(ids)
    _same(model, "its output changes while it is watched", watched, slow)
    _same(
        model, "nn.TransformerEncoder's fast path, which is off while it is watched, changes its output: turn it off "
        "with torch.backends.mha.set_fastpath_enabled(False)", slow, plain,
    )  # fmt: skip
    for norm in model.anatomy.norms:
        point, _ = model.places.known[f"{norm.site}.norm.out"]
        normed, found = seen[f"{norm.site}.norm.normed"], seen[f"{norm.site}.norm.out"]
        assert isinstance(point, LaidNorm)
        _same(model, f"{norm.site}.norm.out does not follow from its steps", point.finish(normed, found.dtype), found)


def _try_streams(model: "TorchNN") -> None:
    """Let the streams be changed whose change is read wherever the model reads them."""
    sites = [
        site.removesuffix(".resid") for site, (point, name) in model.places.known.items()
        if name == "resid" and point.changeable and site.removesuffix("resid") + "out" in model.places.known
    ]  # fmt: skip
    if not sites or _all_read(model, sites):
        return
    for site in sites:
        if not _all_read(model, [site]):
            point, _ = model.places.known[f"{site}.resid"]
            point.changeable = False
            point.reason = (
                point.uncaught if isinstance(point, Addition) else "a change there does not reach all that reads it"
            )


def _all_read(model: "TorchNN", sites: Sequence[str]) -> bool:
    """Tell whether more in these streams gives the same as more in what is added to them."""
    ids = {side: each.unsqueeze(0) for side, each in model.examined.ids.items()}
    draw = torch.Generator().manual_seed(0)
    drawn: dict[str, Tensor] = {}

    def more(site: str) -> Callable[[Tensor], Tensor]:
        def change(value: Tensor) -> Tensor:
            if site not in drawn:
                drawn[site] = torch.randn(value.shape, generator=draw).to(value) * value.std()
            return value + drawn[site]

        return change

    found = []
    for name in ("resid", "out"):
        try:
            with model.listen((), {f"{site}.{name}": more(site) for site in sites}):
                found.append(model.caller(ids).float())
        except GlassheadError:
            return False
    size = max(1.0, float(found[1].abs().max()))
    return float((found[0] - found[1]).abs().max()) <= 4 * model.anatomy.tolerance * size


def _blind(model: "TorchNN") -> str:
    """Name the first row of a mask that hides every key: softmax makes NaN of it."""
    for site, stages in model.examined.stages.items():
        rows = stages["masked"].isneginf().all(-1).any(1)[0].nonzero().flatten().tolist()
        if rows:
            return f": the mask of {site} hides every key from query {rows[0]}, and no weights are left there"
    return ""


def _same(model: "TorchNN", problem: str, one: Tensor, other: Tensor) -> None:
    size = max(1.0, float(other.abs().max()))
    apart = float((one.float() - other.float()).abs().max()) / size
    if not apart <= 4 * model.anatomy.tolerance:  # NaN too
        raise GlassheadError(
            f"{type(model.module).__name__} does not pass the check that every model has to pass before it is shown: "
            f"{problem} (by {apart:.0e} of the largest number)."
        )
