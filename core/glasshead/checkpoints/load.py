"""Reading a checkpoint into a model, and refusing files that do not belong together."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glasshead import tensors
from glasshead.errors import GlassheadError, brief

if TYPE_CHECKING:
    from glasshead.model import Transformer
    from glasshead.text import Vocabulary
from glasshead.checkpoints.format import (
    CONFIG,
    LARGEST_LENGTH,
    SUMS,
    WEIGHTS,
    check_fit,
    checksum,
    describe,
    load_vocabulary,
    parts,
)


def load(folder: str | Path) -> tuple["Transformer", "Vocabulary", dict[str, Any]]:
    """Load the model (float32, in evaluation mode), its vocabulary and its card.

    Raises GlassheadError for a missing, truncated or foreign file, and for parts that do not fit each other.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from glasshead.model import Config, Embedding, Transformer, fixed_positions

    folder = Path(folder)
    content = describe(folder)
    try:
        config = Config(**content["config"])
    except GlassheadError as error:
        raise GlassheadError(f"{folder / CONFIG}: {error}") from error
    except TypeError as error:
        raise GlassheadError(
            f"{folder / CONFIG} does not describe a model that this program knows: {brief(error)}."
        ) from error
    if config.max_length > LARGEST_LENGTH:
        raise GlassheadError(f"{folder / CONFIG}: max_length is {config.max_length}; at most {LARGEST_LENGTH} is read.")
    tensors.count_numbers(folder / WEIGHTS)  # checks that it is a plain file, and whole
    try:
        stored = load_file(folder / WEIGHTS)
    except MemoryError as error:
        raise GlassheadError(f"{folder / WEIGHTS} does not fit into the memory of this machine.") from error
    except (SafetensorError, OSError) as error:
        raise GlassheadError(
            f"{folder / WEIGHTS} is truncated or not a safetensors file. Take a fresh copy of the checkpoint."
        ) from error
    if max(config.encoder_layers, config.decoder_layers) > len(stored):  # else building the shape could take for ever
        raise GlassheadError(
            f"{folder / WEIGHTS} holds {len(stored)} tensors, too few for the layers that {CONFIG} calls for: "
            "they do not belong together."
        )
    if config.share_embeddings and "source.weight" in stored:
        stored["target.weight"] = stored["source.weight"]

    try:
        with torch.device("meta"):  # shapes only: nothing is allocated before it is known to fit
            model = Transformer(config)
    except (RuntimeError, TypeError) as error:  # more numbers than can be counted
        raise GlassheadError(f"{folder / CONFIG} describes a model that no machine can hold.") from error
    _same_shapes(folder / WEIGHTS, {name: tensor.shape for name, tensor in model.state_dict().items()}, stored)
    # Copied, since the file may be mapped into memory: later changes of the file must not reach the model.
    own = {name: tensor.to(torch.float32, copy=True) for name, tensor in stored.items()}
    model.load_state_dict(own, assign=True)
    if config.share_embeddings:
        model.target.weight = model.source.weight
    for module in model.modules():
        if isinstance(module, Embedding) and not isinstance(module.positions, torch.nn.Parameter):
            module.positions = fixed_positions(config, module.weight.shape[-1])

    words = load_vocabulary(folder, content)
    check_fit(words, config, str(folder))
    _of_one_piece(folder, content)
    return model.eval().requires_grad_(False), words, content["card"]


def _of_one_piece(folder: Path, content: Mapping[str, Any]) -> None:
    """Check that the weights and the tokenizers are those that config.json was written with.

    Called last: config.json was read first and is replaced last, so if another process replaces the checkpoint
    meanwhile, the sums of the present files differ from those that were read.
    """
    if SUMS not in content:
        return
    try:
        found = {name: checksum(folder / name) for name in parts(content)}
    except OSError as error:
        raise GlassheadError(f"{folder} cannot be read: {error.strerror}.") from error
    if content[SUMS] != found:
        raise GlassheadError(
            f"The files of {folder} do not belong together: {' or '.join(parts(content))} is not the one "
            f"that {CONFIG} was written with. The writing was cut short, or a file was changed. "
            "Take a fresh copy of the checkpoint."
        )


def _same_shapes(path: Path, wanted: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    for name in sorted({*wanted, *given}):
        if name not in given:
            raise GlassheadError(
                f"{path} lacks the tensor {name}, which {CONFIG} calls for: they do not belong together."
            )
        if name not in wanted:
            raise GlassheadError(
                f"{path} holds a tensor {name} that {CONFIG} does not know: they do not belong together."
            )
        if wanted[name] != given[name].shape:
            raise GlassheadError(
                f"{path}: {name} is {tuple(given[name].shape)}, but {CONFIG} calls for {tuple(wanted[name])}."
            )
