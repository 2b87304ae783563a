"""glasshead: see every number inside a Transformer while it decodes.

    import glasshead

    subject = glasshead.load("english-french")
    line = subject.start("the black cat is sleeping")
    while not line.done:
        token = line.step()
    weights = line.trace["decoder.2.cross.weights"]          # h q k
    line.save("cat.safetensors")                             # a recording: glasshead.load opens it without the model

Names are imported when they are first used, so that `import glasshead` alone costs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from glasshead.version import __version__ as __version__

if TYPE_CHECKING:
    from glasshead.checking import check as check
    from glasshead.checkpoints.find import available as available
    from glasshead.checkpoints.save import save as save
    from glasshead.config import Config as Config
    from glasshead.decoding.beam import Hypothesis as Hypothesis
    from glasshead.decoding.beam import beam_search as beam_search
    from glasshead.decoding.pick import Sample as Sample
    from glasshead.decoding.pick import greedy as greedy
    from glasshead.decoding.stepper import Stepper as Stepper
    from glasshead.errors import GlassheadError as GlassheadError
    from glasshead.errors import TooLongError as TooLongError
    from glasshead.found import load as load
    from glasshead.live import explore as explore
    from glasshead.live import subject as subject
    from glasshead.model import Transformer as Transformer
    from glasshead.session.session import Session as Session
    from glasshead.subjects import Subject as Subject
    from glasshead.symbols import Symbols as Symbols
    from glasshead.tap import Place as Place
    from glasshead.tap import Tap as Tap
    from glasshead.tap import listen as listen
    from glasshead.tap import sites as sites
    from glasshead.text import Codec as Codec
    from glasshead.text import Token as Token
    from glasshead.text import Vocabulary as Vocabulary
    from glasshead.traces.trace import Trace as Trace
    from glasshead.truth.report import Report as Report
    from glasshead.truth.trace_checks import checks as checks

_HOME = {
    "Hypothesis": "decoding.beam",
    "beam_search": "decoding.beam",
    "available": "checkpoints.find",
    "save": "checkpoints.save",
    "Stepper": "decoding.stepper",
    "GlassheadError": "errors",
    "TooLongError": "errors",
    "Config": "config",
    "Transformer": "model",
    "Sample": "decoding.pick",
    "greedy": "decoding.pick",
    "Session": "session.session",
    "Subject": "subjects",
    "load": "found",
    "explore": "live",
    "subject": "live",
    "Symbols": "symbols",
    "Place": "tap",
    "Tap": "tap",
    "listen": "tap",
    "sites": "tap",
    "Codec": "text",
    "Token": "text",
    "Vocabulary": "text",
    "Trace": "traces.trace",
    "check": "checking",
    "Report": "truth.report",
    "checks": "truth.trace_checks",
}
__all__ = sorted([*_HOME, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'glasshead' has no attribute {name!r}")
    value = getattr(import_module(f"glasshead.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
