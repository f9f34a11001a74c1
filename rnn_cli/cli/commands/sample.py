"""rnn sample: text from a trained model."""

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnn_cli.cli.console import warn
from rnn_cli.cli.mixing import load_mixture, mixing_of
from rnn_cli.cli.options.common import DEFAULT_MODEL, JsonOption, ThreadsOption, finite
from rnn_cli.cli.options.mixing import BaselineOption, MixOption, ModelsOption, ValidOption, WeightsOption
from rnn_cli.cli.samples import print_json, print_samples, print_stream, warn_of_unknown
from rnn_cli.errors import RnnError, UsageError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.sampling.rules import LENGTH, MOST_BEAMS, TEMPERATURE, TOP_P, Sampling
from rnn_cli.models.writers import load_writer
from rnn_cli.text.units import PARAGRAPH

if TYPE_CHECKING:
    from rnn_cli.models.conditional import Conditional
    from rnn_cli.models.sampling.samples import Novelty

COMMON = {  # what --help shows; --help-all shows the others too
    *("model", "prompt", "label", "num", "length", "temperature", "top_p", "seed"),
    *("form", "acrostic", "stop", "novelty", "as_json"),
}
ESCAPES = {r"\n": "\n", r"\t": "\t", "\\\\": "\\"}
ENDS, VERSE, COPYING = ({"rich_help_panel": panel} for panel in ("Where it ends", "Verse", "Copying"))


def sample(
    model: ModelsOption = [DEFAULT_MODEL],  # noqa: B006 (so Typer has a list for its default)
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="Text to go on from.")] = "",
    prompts: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Go on from each line of this file; - is standard input.",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            show_default=False,
            help="Write for this label (models trained with --task generate). Default: draw labels as "
            "often as in training, printing each before its sample.",
        ),
    ] = None,
    num: Annotated[int, typer.Option("--num", min=1, max=10_000, help="How many samples (per prompt).")] = 1,
    length: Annotated[
        int, typer.Option("--length", "-l", min=1, help="At most this many tokens a sample.", **ENDS)
    ] = LENGTH,
    temperature: Annotated[
        float,
        typer.Option(
            min=0,
            max=100,
            callback=finite,
            help="Above 1 is bolder, below 1 safer; 0 always takes the likeliest token.",
        ),
    ] = TEMPERATURE,
    top_k: Annotated[
        int | None,
        typer.Option(min=1, help="Draw from the k likeliest tokens only. Default: all.", show_default=False),
    ] = None,
    top_p: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            callback=finite,
            help="Draw only from the likeliest tokens that together hold this much probability.",
        ),
    ] = TOP_P,
    repetition_penalty: Annotated[
        float,
        typer.Option(
            min=1,
            max=100,
            callback=finite,
            help="Make the latest 64 tokens less likely; 1 is off, 1.2 is usual.",
        ),
    ] = 1.0,
    beam: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_BEAMS,
            show_default=False,
            help="Search for the likeliest line instead of drawing, keeping this many candidate beginnings.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            "-s",
            min=0,
            max=2**64 - 1,
            show_default=False,
            help="The same seed gives the same text. Default: a different one each time.",
        ),
    ] = None,
    lines: Annotated[
        int | None,
        typer.Option(min=1, show_default=False, help="End after this many lines.", **ENDS),
    ] = None,
    sentences: Annotated[
        int | None,
        typer.Option(min=1, show_default=False, help="End after this many sentences.", **ENDS),
    ] = None,
    stop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            show_default=False,
            help=r"End before this text; \n is a line end, '\n\n' an empty line. May be repeated.",
            **ENDS,
        ),
    ] = None,
    ban: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORDS",
            show_default=False,
            help="Words not to write, separated by commas (, or ，); a comma alone counts as a word. May be "
            "repeated.",
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            metavar="FORM",
            show_default=False,
            help="Fill these lines: 5,5,5,5 or 7x8 (characters), or a file of lines of □ and marks.",
            **VERSE,
        ),
    ] = None,
    acrostic: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            show_default=False,
            help="Begin the lines with the characters of this text in turn, or, if it has commas, with "
            "its parts.",
            **VERSE,
        ),
    ] = None,
    rhyme: Annotated[
        bool,
        typer.Option("--rhyme", help="Make the lines of --form that end with 。 rhyme (Chinese).", **VERSE),
    ] = False,
    novelty: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            show_default=False,
            help="Report what each sample copies from this file, such as the training text.",
            **COPYING,
        ),
    ] = None,
    reject: Annotated[
        int | None,
        typer.Option(
            min=1,
            show_default=False,
            help="Draw again if a sample copies more than this many characters in a row from --novelty.",
            **COPYING,
        ),
    ] = None,
    mix: MixOption = False,
    baseline: BaselineOption = None,
    valid: ValidOption = None,
    weights: WeightsOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write text with a trained model.

    A sample stops at the end of a line; with a model trained with --carry-state, it continues past line ends
    up to --length. Several samples are printed one below the other, separated by an empty line if a sample
    may have several lines. --help-all lists every option.
    """
    rules = _rules(
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        repetition_penalty=repetition_penalty,
        beam=beam,
        seed=seed,
        lines=lines,
        sentences=sentences,
        stop=[re.sub(r"\\[nt\\]", lambda found: ESCAPES[found[0]], text) for text in stop or []],
        ban=[word for words in ban or [] for word in _words(words)],
        acrostic=acrostic,
    )
    _check(prompt, prompts, num, beam, novelty, reject)
    mixing = mixing_of(model, mix, baseline, valid, weights)
    if mixing and label is not None:
        raise UsageError("--mix is for language models, and --label for a model of text from a label")
    if form is not None or rhyme:
        form = None if form is None else _form(form)
        rules = _rules(**_given(rules) | {"form": form, "rhyme": rhyme})
    writer = load_mixture(model, mixing, baseline) if mixing else load_writer(model[0], label)
    texts = [prompt] if prompts is None else _prompts(prompts)
    compared = None if novelty is None else _novelty(novelty, reject)
    warn_of_unknown(_unknown(writer, texts, rules), model[0])
    is_one = len(texts) == num == 1 and not as_json and compared is None and beam is None
    if is_one and isinstance(writer, LanguageModel):
        print_stream(writer.stream(texts[0], threads, **_given(rules)))
        return
    rules = rules.seeded() if beam is None else rules
    samples = writer.draw(texts, num, rules, compared, threads)
    if as_json:
        of_label = {} if label is None else {"label": label}
        print_json(samples, {"model": " ".join(map(str, model)), "seed": rules.seed} | of_label)
    else:
        print_samples(samples, _may_hold_lines(writer, rules, texts), novelty, reject)


def _words(words: str) -> list[str]:
    """Return the words of a comma-separated list; a comma alone is a word."""
    if words.strip() in (",", "，"):
        return [words.strip()]
    return [word.strip() for word in re.split("[,，]", words)]


def _rules(**options: Any) -> Sampling:
    """Return the rules for drawing. Raises UsageError, which names the options, for invalid ones."""
    try:
        return Sampling(**options)
    except ValueError as error:
        names = {field.name for field in dataclasses.fields(Sampling)}
        words = str(error).split(" ")  # "form is …", "beam and seed exclude each other"
        named = [f"--{word.replace('_', '-')}" if word in names else word for word in words[:3]]
        raise UsageError(" ".join(named + words[3:])) from error


def _given(rules: Sampling) -> dict[str, Any]:
    return {field.name: getattr(rules, field.name) for field in dataclasses.fields(rules)}


def _check(
    prompt: str, prompts: str | None, num: int, beam: int | None, novelty: str | None, reject: int | None
) -> None:
    """Raise UsageError for options that do not go together."""
    if prompt and prompts is not None:
        raise UsageError("--prompt and --prompts exclude each other")
    if beam is not None and num > beam:
        raise UsageError(f"--num {num}: --beam {beam} finds at most {beam} lines (raise --beam)")
    if reject is not None and novelty is None:
        raise UsageError("--reject needs --novelty")
    if reject is not None and beam is not None:
        raise UsageError("--beam and --reject exclude each other")
    if prompts == "-" == novelty:
        raise UsageError("standard input can be read only once: name a file for --prompts or for --novelty")


def _form(form: str) -> str:
    """Return a form given on the command line or in a file."""
    if not form.strip():
        raise UsageError("--form needs a form: numbers (5,5,5,5 or 7x8), lines of □ or ■, or a file")
    from rnn_cli.models.sampling.patterns import is_form  # here and below: most samples do not need it
    from rnn_cli.text.reading import read_lines

    if is_form(form):
        return form.replace("\\n", "\n")  # a line end is hard to type in most shells
    if not Path(form).exists():
        raise UsageError(f"--form {form}: neither numbers (5,5,5,5 or 7x8), lines of □ or ■, nor a file")
    return "\n".join(read_lines([form]))


def _prompts(path: str) -> list[str]:
    from rnn_cli.text.reading import display_name, read_lines

    prompts = [*read_lines([path])]
    if not prompts:
        raise RnnError(f"{display_name(path)}: no prompt in it (it needs one a line)")
    return prompts


def _novelty(path: str, longest: int | None) -> "Novelty":
    """Return the text to find copies of, with the length of the longest copy allowed."""
    from rnn_cli.models.sampling.samples import Novelty
    from rnn_cli.scoring.copying import Original
    from rnn_cli.text.reading import display_name, read_lines

    original = Original.of(read_lines([path]))
    if not original.characters:
        raise RnnError(f"{display_name(path)}: no text in it to compare with")
    if not original.is_whole:
        warn(f"{display_name(path)}: only its first {original.characters:,} characters are compared")
    return Novelty(original, longest)


def _unknown(writer: "LanguageModel | Conditional", prompts: list[str], rules: Sampling) -> list[str]:
    """Return the tokens of the prompts, the form and the acrostic that the model does not know."""
    found = writer.unknown(prompts[0], form=rules.form, acrostic=rules.acrostic)
    return [*dict.fromkeys(found + [token for text in prompts[1:] for token in writer.unknown(text)])]


def _may_hold_lines(writer: "LanguageModel | Conditional", rules: Sampling, prompts: list[str]) -> bool:
    """Return whether a sample may hold several lines."""
    several = rules.lines or rules.sentences or rules.form or rules.acrostic or writer.carry_state
    has_paragraphs = writer.lexicon.tokenizer.unit == PARAGRAPH
    return bool(several) or has_paragraphs or any("\n" in prompt for prompt in prompts)
