"""Live objects: a Subject of what somebody holds in their hands, and the explorer on it.

glasshead.explore(model, source=ids, logits=lambda source, target: model(source, target), tokens=vocabulary)
glasshead.explore(model, tokenizer=tokenizer, text="…")             a model of Hugging Face
glasshead.explore("english-french")                                  a name or a folder
"""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from glasshead.errors import GlassheadError, brief
from glasshead.found import Found, find
from glasshead.opening import Capture
from glasshead.subjects import Subject

if TYPE_CHECKING:
    from glasshead.decoding.protocols import Names

LIMIT = 256
"""Most positions of the target of a module that does not say: every step runs all of them again."""


@dataclass(frozen=True)
class Ready:
    """A subject that is open already, as something that can be opened."""

    subject: Subject
    light: ClassVar = True
    """See `Found`."""

    @property
    def title(self) -> str:
        """See `Found`."""
        return self.subject.name

    @property
    def limit(self) -> int | None:
        """See `Found`."""
        return self.subject.limit

    @property
    def source(self) -> "Names":
        """See `Found`."""
        return self.subject.vocabulary.source

    def check(self) -> None:
        """See `Found`."""

    def open(self) -> Subject:
        """See `Found`."""
        return self.subject


def subject(
    model: Any,
    source: Any = None,
    *,
    target: Any = None,
    text: str | None = None,
    logits: Callable[..., Any] | None = None,
    tokens: Any = None,
    tokenizer: Any = None,
    start: int | str | Sequence[int | str] | None = None,
    end: int | str | Sequence[int | str] | None = None,
    pad: int | str | None = None,
    mask: int | str | None = None,
    encode: Callable[[str], Sequence[int]] | None = None,
    batch_first: bool | None = None,
    limit: int = LIMIT,
    sites: Mapping[str, str] | None = None,
    name: str | None = None,
    capture: Capture = "auto",
) -> Subject:
    """Make a Subject of a live model: a module built of torch.nn's attention, or a model of Hugging Face.

    model: the module, in evaluation mode. Its `nn.MultiheadAttention`s, alone or inside `nn.Transformer`,
    `nn.TransformerEncoder` and so on, are found, and what lies around them: norms, feed-forward layers, embeddings. It
    is never changed: hooks are put in only while a pass is watched.
    logits: how you run it, a function from ids to logits, a row for each id of the target. Its arguments say what the
    model is: `lambda source, target: …` an encoder–decoder, `lambda target: …` a decoder alone (GPT), `lambda
    source: …` an encoder alone, whose result may be anything. Make the masks in it, as in training. By default the
    module itself.
    source: ids of one line that the encoder reads, with whatever stands around them (`<bos>` … `<eos>`): a text that is
    typed later gets the same around it. target: ids that a decoder alone goes on from. Tensors or lists; a tensor of
    the shape (1, n) or (n, 1) is taken to show how `logits` wants its ids.
    text: the first text, in place of ids.
    tokens: what the ids are called: a list of names in their order, a mapping from names to ids or back, a vocabulary
    (with `get_itos()`, `itos`, `idx2word`), or a tokenizer with `encode` and `decode`; a pair of them, for source and
    target. Without it tokens are shown as numbers, and typed as such. A list cuts a text at its spaces, or into
    characters if all its names are such. encode: a function from a text to ids, if that is not how.
    start: the id, or the name of the token, that the target begins with (several in a list). end: that which ends it.
    pad: that which fills up shorter lines. mask: that which an encoder alone fills in, where it returns a row of
    logits for each id. By default those called `<bos>`, `<eos>`, `<pad>`, `[MASK]` and the like.
    batch_first: whether `logits` takes and returns (batch, tokens, …); by default found by trial.
    limit: most positions of the target, if no table of positions says fewer.
    sites: names for attentions whose place is not to be found by how they are called, such as
    `{"blocks.0.attn": "decoder.0.self"}`. name: the model's name in headings, by default that of its class.
    capture: the layers whose values are captured at every step, `all` or those that are `shown`; auto is all of a model
    that one device holds.
    tokenizer: of a model of Hugging Face, which needs nothing else of all this.

    There is no cache: every step runs the whole target again. Raises GlassheadError for a module that cannot be watched
    or that does not pass the self-check, and for arguments that do not fit.
    """
    if isinstance(model, Subject):
        return model
    if _is_hugging_face(model):
        return _hugging_face(model, tokenizer if tokenizer is not None else tokens, text, name, capture)
    from torch import nn

    if not isinstance(model, nn.Module):
        raise GlassheadError(
            f"{brief(model)}, of the type {type(model).__name__}, is no model: give an nn.Module, or a model of "
            "Hugging Face."
        )
    from glasshead.adapters.torch_nn.build import build

    built = build(
        model, source, target, text=text, logits=logits, tokens=tokens if tokenizer is None else tokenizer, start=start,
        end=end, pad=pad, mask=mask, encode=encode, batch_first=batch_first, limit=limit, sites=sites or {},
    )  # fmt: skip
    card = {} if built.text is None else {"examples": [built.text]}
    return Subject(name or type(model).__name__, built.model, built.names, None, card, capture)


def explore(
    model: Any = "english-french",
    source: Any = None,
    *,
    text: str | None = None,
    forced: str | None = None,
    mouse: bool = True,
    plain: bool = False,
    kind: str | None = None,
    layer: int | None = None,
    head: int = 0,
    steps: int | None = None,
    **given: Any,
) -> None:
    """Open the explorer on a model; without a terminal, as in a notebook or a pipe, write its decoding as text.

    model: a live module or a model of Hugging Face, with the other arguments of `glasshead.subject`; a Subject; or a
    name or folder, as for `glasshead.load`. source, text: what is decoded first, ids or text. forced: a target to
    follow, in place of what the model would write.
    mouse: use the mouse. plain: write text in any case, with the attention of this kind (`cross`, `self`, `encoder`),
    layer and head, and with so many steps at most.

    Raises GlassheadError as `glasshead.subject` and `glasshead.load` do.
    """
    found: Found
    if isinstance(model, (str, Path, Subject)) and (source is not None or given):
        what = f"{model.name} is a Subject" if isinstance(model, Subject) else f"{brief(str(model))} is a name"
        raise GlassheadError(f"{what}: of what says what to decode only text= and forced= go with it.")
    if isinstance(model, (str, Path)):
        found = find(model)
        found.check()
    else:
        made = model if isinstance(model, Subject) else subject(model, source, text=text, **given)
        if text is None and not made.card.get("examples"):
            raise GlassheadError(f"What shall {made.name} decode first? Give text=, or the ids as source= or target=.")
        found = Ready(made)
    _show(found, text, forced=forced, mouse=mouse, plain=plain, kind=kind, layer=layer, head=head, steps=steps)


def _show(found: Found, text: str | None, **how: Any) -> None:
    """Let the app show it, and leave the process as it was."""
    try:
        launch = import_module("glasshead_tui.launch.explore")
    except ModuleNotFoundError as error:
        raise GlassheadError(
            f"The explorer is not there ({error.name} is missing): pip install glasshead brings it."
        ) from None
    import torch

    threads = torch.get_num_threads()
    try:
        launch.show(found, text, piped=False, **how)
    finally:
        torch.set_num_threads(threads)
        gc.unfreeze()


def _is_hugging_face(model: Any) -> bool:
    return hasattr(getattr(model, "config", None), "model_type")


def _hugging_face(module: Any, tokenizer: Any, text: str | None, name: str | None, capture: Capture) -> Subject:
    """Make a Subject of a live model of Hugging Face. Its parameters need gradients afterwards as before."""
    kind = type(module).__name__
    if tokenizer is None:
        raise GlassheadError(f"{kind} is a model of Hugging Face: give its tokenizer, too (tokenizer=).")
    if module.training:
        raise GlassheadError(f"{kind} is in training mode, with dropout on: call model.eval() first.")
    from glasshead.adapters.huggingface.check import self_check
    from glasshead.adapters.huggingface.marks import begin_target, marks_of
    from glasshead.adapters.huggingface.model import HuggingFace
    from glasshead.adapters.huggingface.names import HuggingNames
    from glasshead.adapters.sides import NamedSides

    learning = [(each, each.requires_grad) for each in module.parameters()]
    model = HuggingFace(module, begin_target(marks_of(tokenizer), module))
    for each, before in learning:
        each.requires_grad_(before)
    self_check(model)
    sides = NamedSides(HuggingNames(tokenizer, mask=not model.limits.target), HuggingNames(tokenizer, target=True))
    return Subject(name or kind, model, sides, None, {} if text is None else {"examples": [text]}, capture)
