"""Character and word language models, trained with NumPy, every derivative written by hand.

from rnn_cli import LanguageModel
model = LanguageModel.load("model.npz")
print(model.sample("The", num=3))
"""

from typing import TYPE_CHECKING, Any

from rnn_cli.errors import Diverged, RnnError
from rnn_cli.version import VERSION

if TYPE_CHECKING:
    from rnn_cli.models.language_model import LanguageModel

__all__ = ["Diverged", "LanguageModel", "RnnError"]
__version__ = VERSION


def __getattr__(name: str) -> Any:
    if name == "LanguageModel":  # imports NumPy, which `rnn --help` can do without
        from rnn_cli.models.language_model import LanguageModel

        return LanguageModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
