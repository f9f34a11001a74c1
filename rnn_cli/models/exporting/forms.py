"""FORMS: the formats of other programs that a model can be written in."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from rnn_cli.errors import UsageError
from rnn_cli.models.exporting import onnx_step, pytorch, word2vec
from rnn_cli.models.language_model import LanguageModel


class Form(NamedTuple):
    """A row of FORMS.

    file: model -> the file's bytes. Raises UsageError if a library is missing.
    code: (model, the file's name) -> lines of Python that load and run it.
    of_language: whether the format is for language models only; a second file then has the tokens.
    """

    file: Callable[[Any], bytes]
    code: Callable[[Any, str], str]
    of_language: bool = True


FORMS = {
    "torch": Form(pytorch.torch_file, lambda model, file: pytorch.code(model.network, file, "torch")),
    "safetensors": Form(
        pytorch.safetensors_file, lambda model, file: pytorch.code(model.network, file, "safetensors")
    ),
    "onnx": Form(onnx_step.onnx_file, lambda model, file: onnx_step.code(model.network, file)),
    "word2vec": Form(word2vec.word2vec_file, lambda model, file: word2vec.code(file), of_language=False),
}


class Exported(NamedTuple):
    """The data to write. about: the content of the second file, tokens and choices; None if there is none."""

    data: bytes
    about: bytes | None
    code: str


def export(model: Any, form: str, file: str) -> Exported:
    """Return a model in a format; `file` is the name that the code loads it by.

    Raises UsageError for a model that the format does not support, or if a library is missing.
    """
    row = FORMS[form]
    if row.of_language and not isinstance(model, LanguageModel):
        raise UsageError(f"--to {form} needs a language model, but this model's task is {model.task}")
    about = None
    if row.of_language:
        about = json.dumps(pytorch.about(model), ensure_ascii=False, indent=1).encode(
            "utf-8", "backslashreplace"
        )
    return Exported(row.file(model), about, row.code(model, file))
