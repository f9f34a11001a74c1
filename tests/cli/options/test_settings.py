"""The options of `rnn train` are the settings of a run, one for one."""

import inspect
from typing import get_args

import pytest
import typer

from rnn_cli.cli.commands.train import train
from rnn_cli.cli.options.settings import PLACEHOLDERS, SHORT, takes_settings
from rnn_cli.runs.settings import ABOUTS, TYPES

OF_THE_COMMAND = {  # how the command goes about it, which is no setting
    *("model", "cache_dir", "no_cache", "max_memory", "plan_only", "resume", "force", "quiet", "as_json"),
    "rank_timeout",
}
NAMES = [name for name in ABOUTS if name != "corpus"]


@pytest.fixture(scope="module")
def options():
    """The command's parameters, as Typer makes them."""
    application = typer.Typer(add_completion=False)
    application.command()(train)
    return {parameter.name: parameter for parameter in typer.main.get_command(application).params}


def test_each_setting_is_an_option_of_its_name_and_there_are_no_others(options):
    assert options.keys() == {*ABOUTS, *OF_THE_COMMAND}
    assert not ABOUTS.keys() & OF_THE_COMMAND


@pytest.mark.parametrize("name", NAMES)
def test_an_option_is_spelled_as_its_setting(name, options):
    option = options[name]
    dashed = name.replace("_", "-")
    assert set(option.opts) == {f"--{dashed}", *([SHORT[name]] if name in SHORT else [])}
    if TYPES[name] == bool | None:
        assert option.secondary_opts == [f"--no-{dashed}"]
        assert option.is_flag
    else:
        assert option.secondary_opts == []
        assert not option.is_flag


@pytest.mark.parametrize("name", ABOUTS)
def test_an_option_has_the_help_of_its_setting_and_no_default_of_its_own(name, options):
    assert options[name].help == ABOUTS[name].help
    assert options[name].default is None
    assert not options[name].required


@pytest.mark.parametrize("name", NAMES)
def test_an_option_has_the_type_bounds_and_choices_of_its_setting(name, options):
    about, option = ABOUTS[name], options[name]
    assert option.type_descriptor.annotation == get_args(TYPES[name])[0]
    assert (option.min, option.max) == (about.least, about.most)
    if about.choices:
        assert option.metavar == "|".join(about.choices)


@pytest.mark.parametrize("name", [name for name in NAMES if ABOUTS[name].choices])
def test_an_option_refuses_what_is_none_of_the_choices_and_names_them(name, fails):
    message = fails(2, "train", "nowhere.txt", f"--{name.replace('_', '-')}", "strange")
    assert all(choice in message for choice in ABOUTS[name].choices)


def test_the_corpus_is_an_argument_of_any_number_of_files(options):
    assert options["corpus"].param_type_name == "argument"
    assert options["corpus"].nargs == -1


def test_the_help_shows_each_setting_under_its_group(rnn, monkeypatch):
    for name in ("TERMINAL_WIDTH", "COLUMNS"):
        monkeypatch.setenv(name, "400")
    shown = rnn("train", "--help-all").out
    for name in NAMES:
        panel = shown.rpartition("╭")[0] and _panel_of(shown, f"--{name.replace('_', '-')}")
        assert panel == ABOUTS[name].group, name


def _panel_of(shown, option):
    """The heading of the box that an option stands in."""
    heading = ""
    for line in shown.splitlines():
        if line.startswith("╭"):
            heading = line.strip("╭╮─ ")
        words = line.replace(",", " ").replace("/", " ").split()
        if option in words[:4]:
            return heading
    return None


def test_short_forms_and_placeholders_are_of_settings_and_short_forms_differ(options):
    assert {*SHORT, *PLACEHOLDERS} <= {*NAMES}
    shorts = [opt for option in options.values() for opt in option.opts if len(opt) == 2]
    assert len(shorts) == len(set(shorts))


def test_a_command_gets_the_settings_that_were_given_and_nothing_else():
    got = []

    @takes_settings("corpus", "tie", "lr", "seed")
    def command(given, model="m.npz"):
        """About it."""
        got.append((given, model))

    application = typer.Typer(add_completion=False)
    application.command()(command)
    run = typer.main.get_command(application)
    run.main(["--lr", "0", "--no-tie"], standalone_mode=False)
    run.main(["a", "b", "--seed", "0", "--model", "n.npz"], standalone_mode=False)
    assert got == [({"lr": 0.0, "tie": False}, "m.npz"), ({"corpus": ["a", "b"], "seed": 0}, "n.npz")]
    assert list(inspect.signature(command).parameters) == ["corpus", "model", "tie", "lr", "seed"]
