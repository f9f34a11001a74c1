"""What the neurons of a page follow."""

from dataclasses import replace

import numpy as np
import pytest

from rnn_cli.pages.neurons import FACTS, states, telling
from rnn_cli.text.vocabulary import START


@pytest.mark.parametrize(
    ("fact", "text", "values"),
    [
        ("line_position", "ab\ncd", [1, 2, 0, 1, 2]),
        ("line_length", "ab\ncde", [2, 2, 2, 3, 3, 3]),
        ("line_length", "\nab", [0, 2, 2]),
        ("quoted", 'a"b"“c”d', [0, 1, 1, 0, 1, 1, 0, 0]),
        ("quoted", "」a「『b』", [0, 0, 1, 2, 2, 1]),
        ("inside_word", "ab cd!e月光", [0, 1, 0, 0, 1, 0, 0, 0, 0]),
        ("after_comma", "a,b，c", [0, 1, 0, 1, 0]),
        ("verse_position", "月光，明月", [1, 2, 0, 1, 2]),
    ],
)
def test_a_fact_is_a_number_at_each_token(fact, text, values):
    expected = [min(value, 1) for value in values] if fact == "quoted" else values
    assert [*map(float, FACTS[fact](list(text)))] == expected


def test_words_count_as_many_characters_as_they_have():
    assert [*FACTS["verse_position"](["明月", "光", "，", "abc"])] == [2, 3, 0, 0]


@pytest.mark.parametrize("kind", ["tanh", "gru", "lstm"])
def test_the_states_are_those_of_the_network(kind, random_model):
    model = random_model(kind)
    unit = list(model.lexicon.vocabulary.tokens[:9])
    state, expected = model.network.zero_state(1), []
    for x in [START, *model.lexicon.vocabulary.encode(unit)]:
        _, state = model.network.step(model.p, np.array([x]), state)
        expected.append(np.concatenate([state[name][0] for name in state if name.startswith("s")]))
    assert states(model, unit) == pytest.approx(np.array(expected[1:]), abs=1e-6)


def test_a_neuron_that_counts_the_tokens_of_a_line_is_found(random_model):
    model = random_model("relu", tokens=("a", "b"))
    p = {name: np.zeros_like(array) for name, array in model.p.items()}
    p["W"][5, 5] = p["b_a"][5] = 1  # s_t = s_{t-1} + 1
    counting = replace(model, p=p)
    rng = np.random.default_rng(0)
    units = [list(rng.choice(["a", "b"], size)) for size in (3, 9, 5)]
    found = [row for row in telling(counting, units) if row["fact"] == "line_position"]
    assert found == [{"fact": "line_position", "neuron": 5, "r": 1.0}]


def test_a_text_without_tokens_has_no_neurons_to_name(random_model):
    assert telling(random_model("tanh"), [[], []]) == []
