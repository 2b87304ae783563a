"""A folder of Hugging Face: config.json with a model type, weights as safetensors, a tokenizer.

Nothing is loaded from anywhere else: the libraries are told to stay offline, and a model's own code is never run.
Checking a folder costs neither torch nor transformers.
"""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

from glasshead import tensors
from glasshead.adapters.huggingface.families import FAMILIES, HEARING, UNSHOWN
from glasshead.adapters.huggingface.sound import Sound, read_features
from glasshead.checkpoints.format import CONFIG, LARGEST_CONFIG, WEIGHTS
from glasshead.errors import GlassheadError, brief, nearest
from glasshead.files import read_plain, refuse_pointer
from glasshead.machine import device_of
from glasshead.opening import AS_IT_IS, Opening

if TYPE_CHECKING:
    from glasshead.adapters.huggingface.frames import Frames
    from glasshead.adapters.huggingface.marks import Marks
    from glasshead.adapters.huggingface.model import HuggingFace
    from glasshead.decoding.protocols import Names, Sides

INDEX = f"{WEIGHTS}.index.json"
TOKENIZERS = ("tokenizer.json", "source.spm", "spiece.model", "sentencepiece.bpe.model", "vocab.json", "vocab.txt")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.gguf")
EXTRACTOR = "preprocessor_config.json"
MASKED = "ForMaskedLM"
HEADS = (
    "ForConditionalGeneration", "ForCausalLM", "LMHeadModel", "MTModel", "ForTextToText", "EncoderDecoderModel",
    "ModelWithLMHead", "GenerationDecoder", MASKED,
)  # fmt: skip
"""Endings of the classes that can be decoded from."""


def is_hugging_face(folder: Path) -> bool:
    """Tell whether a folder's config.json names a type of model, and is not one of the project's own."""
    try:
        content = json.loads(read_plain(folder / CONFIG, LARGEST_CONFIG).decode())
    except (OSError, ValueError, RecursionError, GlassheadError):
        return False
    return isinstance(content, dict) and isinstance(content.get("model_type"), str) and "format" not in content


@dataclass(frozen=True)
class HuggingFolder:
    """Such a folder, before it is opened."""

    folder: Path
    title: str
    opening: Opening = AS_IT_IS
    sound: Sound | None = None
    """Recording for a model that hears."""

    @cached_property
    def _config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(read_plain(self.folder / CONFIG, LARGEST_CONFIG).decode())
        return found

    @property
    def kind(self) -> str:
        """Type of the model, as its config.json names it."""
        return str(self._config["model_type"])

    @property
    def light(self) -> bool:
        """See `glasshead.found.Found`: only the frames of a sound are named without transformers."""
        return self.hears

    @property
    def hears(self) -> bool:
        """Whether this is a model that hears sound."""
        return self.kind in HEARING and not self._architecture.endswith("ForCausalLM")

    def check(self) -> None:
        """See `glasshead.found.Found`."""
        self._check_files()
        if self.hears and self.sound is None:
            raise GlassheadError(
                f"{self.folder} hears sound: give it the features of a sound, as its feature extractor prepares "
                "them (--features FILE.npy or .safetensors)."
            )

    def _check_files(self) -> None:
        kind = self.kind
        if kind in UNSHOWN:
            raise GlassheadError(f"{self.folder} cannot be shown: {self._architecture or kind} {UNSHOWN[kind]}.")
        if find_spec("transformers") is None:
            raise GlassheadError(
                f"{self.folder} is a model of Hugging Face ({kind}), which needs transformers: "
                "pip install 'glasshead[hf]'"
            )
        architecture = self._architecture
        if not architecture.endswith(HEADS):
            raise GlassheadError(
                f"{self.folder} is a {kind} saved as {architecture or 'no class that it names'}: that has no head that "
                f"reads text and writes tokens. A class that ends in {', '.join(HEADS[:-1])} or {HEADS[-1]} has."
            )
        self._check_weights()
        if not self._has_tokenizer and not self.opening.ids:
            raise GlassheadError(
                f"{self.folder} holds no tokenizer ({', '.join(TOKENIZERS)}): copy it there, or give ids in place of a "
                "text, as in --ids 3,17,2."
            )
        if self.sound is not None and not self.hears:
            raise GlassheadError(f"{self.folder} reads text and hears nothing: open it without --features.")
        if self.sound is not None and self.sound.path is not None:
            read_features(self.sound.path, self._shape)

    @property
    def _has_tokenizer(self) -> bool:
        return any((self.folder / name).is_file() for name in TOKENIZERS)

    @property
    def _shape(self) -> tuple[int, int]:
        """Shape of the features that are heard: f t. Raises GlassheadError for a config that does not say."""
        try:
            return int(self._config["num_mel_bins"]), 2 * int(self._config["max_source_positions"])
        except (KeyError, TypeError, ValueError):
            raise GlassheadError(f"{self.folder / CONFIG} does not say what features the model hears.") from None

    @property
    def _architecture(self) -> str:
        names = self._config.get("architectures")
        return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""

    @cached_property
    def _parts(self) -> list[str]:
        """Names of the files of weights. Raises GlassheadError if there are none, and for pickles."""
        if (self.folder / INDEX).is_file():
            try:
                index = json.loads(read_plain(self.folder / INDEX, LARGEST_CONFIG).decode())
                parts = sorted({str(name) for name in index["weight_map"].values()})
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise GlassheadError(f"{self.folder / INDEX} is damaged: take a fresh copy of it.") from None
        elif (self.folder / WEIGHTS).is_file():
            parts = [WEIGHTS]
        else:
            pickle = next((path.name for pattern in PICKLES for path in sorted(self.folder.glob(pattern))), None)
            if pickle is None:
                raise GlassheadError(f"{self.folder} holds no {WEIGHTS}: copy the weights there.")
            raise GlassheadError(
                f"{self.folder} holds its weights as {pickle}, which glasshead does not read. To convert them where "
                'you trust them: python -c "import transformers as t; '
                f"t.{self._architecture}.from_pretrained('{self.folder}').save_pretrained('converted')\""
            )
        return parts

    def _check_weights(self) -> None:
        for name in self._parts:
            path = self.folder / name
            if Path(name).name != name or not path.is_file():
                raise GlassheadError(f"{self.folder} lacks {brief(name)}, a part of its weights: copy all parts there.")
            refuse_pointer(path)
            tensors.count_numbers(path)

    @cached_property
    def limit(self) -> int | None:
        """See `glasshead.found.Found`."""
        if self.hears:
            return None
        from glasshead.adapters.huggingface.marks import text_limit

        return text_limit(self._settings, self._marks)

    @cached_property
    def source(self) -> "Names":
        """See `glasshead.found.Found`."""
        if self.hears:
            return self.frames(self._shape[1] // 2)
        from glasshead.adapters.huggingface.names import ChatNames, HuggingNames
        from glasshead.adapters.ids import IdNames

        tokenizer = self._tokenizer
        if self.opening.ids:
            size = int(self._settings.get_text_config().vocab_size)
            return IdNames(size, None if tokenizer is None else HuggingNames(tokenizer))
        if self.opening.chat:
            return ChatNames(tokenizer)
        return HuggingNames(tokenizer, mask=not self._writes)

    @property
    def target(self) -> "Names":
        """Tokenizer of the target."""
        from glasshead.adapters.huggingface.names import HuggingNames

        return self.source if self._tokenizer is None else HuggingNames(self._tokenizer, target=True)

    @property
    def _writes(self) -> bool:
        return not self._architecture.endswith(MASKED)

    @cached_property
    def _settings(self) -> Any:
        """The configuration, as transformers reads it."""
        stay_offline()
        from transformers import AutoConfig

        try:
            return AutoConfig.from_pretrained(self.folder, local_files_only=True)
        except Exception as error:  # whatever a library makes of a damaged file
            raise GlassheadError(f"{self.folder / CONFIG} cannot be read: {brief(str(error))}") from error

    def frames(self, count: int) -> "Frames":
        """Name the frames of the sound; without one, of none."""
        from glasshead.adapters.huggingface.frames import Frames

        return Frames("" if self.sound is None else self.sound.title, count, self._seconds)

    @cached_property
    def _seconds(self) -> float:
        """Length of a frame: two steps of the feature extractor, of 10 ms each unless its file says otherwise."""
        try:
            found = json.loads(read_plain(self.folder / EXTRACTOR, LARGEST_CONFIG).decode())
            return 2 * int(found["hop_length"]) / int(found["sampling_rate"])
        except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError, RecursionError, GlassheadError):
            return 0.02

    @cached_property
    def _tokenizer(self) -> Any:
        """The tokenizer, as transformers has it, told of the text's language; None without one."""
        if not self._has_tokenizer:
            return None
        stay_offline()
        from transformers import AutoTokenizer

        from glasshead.adapters.huggingface.languages import read_from

        try:
            with catch_warnings():
                simplefilter("ignore")
                found = AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
        except Exception as error:  # whatever a library makes of a damaged file
            raise GlassheadError(f"The tokenizer of {self.folder} cannot be read: {brief(str(error))}") from error
        if self.opening.source is not None:
            read_from(found, self.opening.source, self.title)
        return found

    @property
    def tokenizer(self) -> Any:
        """The tokenizer, as transformers has it; None without one."""
        return self._tokenizer

    @property
    def _marks(self) -> "Marks":
        """What the model adds to a text; nothing to ids, and to a template that has all."""
        from glasshead.adapters.huggingface.marks import Marks, marks_of

        if self.opening.ids or self.opening.chat:
            pad, mask = (getattr(self._tokenizer, name, None) for name in ("pad_token_id", "mask_token_id"))
            return Marks(pad=pad or 0, mask=mask)
        return marks_of(self._tokenizer)

    def sides(self, model: "HuggingFace") -> "Sides":
        """Return the names of both sides of a loaded model."""
        from glasshead.adapters.sides import NamedSides

        return NamedSides(self.frames(model.frames) if self.hears else self.source, self.target)

    def load(self) -> "HuggingFace":
        """Load the model. Raises GlassheadError for all that `check` finds, and for weights that do not fit.

        A model that hears is loaded without a sound too.
        """
        self._check_files()
        from glasshead.adapters.huggingface.check import self_check
        from glasshead.adapters.huggingface.languages import turn_to
        from glasshead.adapters.huggingface.marks import begin_target
        from glasshead.adapters.huggingface.memory import Passed, recall, remember
        from glasshead.adapters.huggingface.model import HuggingFace

        # What is not there is found before time is spent on the weights.
        names, device = self.source, device_of(self.opening.device)
        stay_offline()
        import transformers

        maker: Any = getattr(transformers, self._architecture, None)
        if maker is None:
            raise GlassheadError(
                f"{self.folder} was saved as {brief(self._architecture)}, of the type "
                f"{brief(self._config['model_type'])}, which this version of transformers does not have. "
                f"{nearest(self._config['model_type'], list(FAMILIES), what='type')}"
            )
        try:
            module, report = maker.from_pretrained(
                self.folder, local_files_only=True, use_safetensors=True, dtype=self.opening.dtype,
                output_loading_info=True, ignore_mismatched_sizes=True,  # the report is refused below
                **({"device_map": "auto"} if self.opening.spread else {}),
            )  # fmt: skip
        except Exception as error:  # whatever a library makes of a damaged file
            raise GlassheadError(f"{self.folder} cannot be loaded: {brief(str(error))}") from error
        for name, what in (("missing_keys", "lacks"), ("mismatched_keys", "has another shape for")):
            if wrong := sorted(str(key[0]) if isinstance(key, tuple) else str(key) for key in report.get(name) or ()):
                more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
                raise GlassheadError(f"The file of weights in {self.folder} {what} {brief(wrong[0])}{more}.")
        if names.size > (size := int(module.config.get_text_config().vocab_size)) and not self.hears:
            raise GlassheadError(
                f"The tokenizer of {self.folder} has {names.size:,} entries, and the model only {size:,}: they do not "
                "belong together."
            )
        marks = begin_target(self._marks, module)
        if self.opening.to is not None:
            marks = turn_to(marks, self._tokenizer, self.opening.to, self.title)
        if not self.opening.spread:
            module = module.to(device)
        passed = recall(self.folder, self._parts)
        model = HuggingFace(module, marks, None if passed is None else passed.forms)
        if passed is None:
            passed = Passed(self_check(model), model.forms)
            remember(self.folder, self._parts, passed)
        model.leave_out(passed.faults)
        if self.sound is None:
            return model
        heard = model.hear(self.sound.read(self._shape), self.sound.states)
        if self.opening.to is not None:  # and not the language that is heard
            heard.marks = turn_to(heard.marks, self._tokenizer, self.opening.to, self.title)
        return heard


def stay_offline() -> None:
    """Tell the libraries never to use the network, and to keep quiet. Before their first import."""
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
