"""What a model computes of a text: the same as scoring, training and prediction say."""

import numpy as np
import pytest

from rnn_cli import Classifier, LanguageModel
from rnn_cli.errors import UsageError
from rnn_cli.models.looking.derivatives import noisy_model
from rnn_cli.models.looking.fresh import fresh_model, lexicon_of
from rnn_cli.models.looking.language import Asked
from rnn_cli.models.looking.look import look
from rnn_cli.models.looking.numbers import parameters_of
from rnn_cli.network.cells import CELLS
from rnn_cli.text.tokenizers import TOKENIZERS

SENTENCE = "我 昨天 上学 迟到 了"


def only(parts):
    (part,) = parts
    return part


@pytest.mark.parametrize("kind", ["char", "space", "lstm", "gru", "book", "tied", "adaptive"])
def test_each_step_costs_what_score_says(kind, models):
    model = LanguageModel.load(models[kind])
    lines = ["我看书。", "你买Q。"] if kind == "adaptive" else ["Anna sees a bird.", "Zoë is"]
    parts = [*look(model, "\n".join(lines))]
    score = model.score(lines)
    for part, line in zip(parts, score.lines, strict=True):
        assert part.nats == pytest.approx(line.nats, abs=1e-5)
        assert part.cost.spelling_nats == pytest.approx(line.spelling.sum())
        assert part.targets[:-1] == part.tokens[1:]
        assert (part.tokens[0], part.targets[-1]) == ("<start>", "<end>")
    assert sum(part.cost.characters for part in parts) == score.totals.characters
    assert sum(part.cost.tokens for part in parts) == score.totals.tokens


def test_the_likeliest_tokens_of_a_step_are_those_of_next(models):
    model = LanguageModel.load(models["char"])
    rows = [*only(look(model, "Anna")).rows()]
    assert [row.id for row in rows] == model.encode("Anna").tolist()
    for row, prompt in zip(rows, ["", "A", "An", "Ann", "Anna"], strict=True):
        expected = model.next(prompt, top=5)
        assert [token for token, _ in row.likeliest] == [token for token, _ in expected]
        assert [p for _, p in row.likeliest] == pytest.approx([p for _, p in expected], rel=1e-4)


def test_the_start_of_a_line_is_never_a_likely_token():
    model = fresh_model(SENTENCE, None, 4, 0)
    model.p["b_y"][0] = 9
    rows = only(look(model, SENTENCE)).rows()
    assert all("<start>" not in [token for token, _ in row.likeliest] for row in rows)


def test_blank_lines_count_only_where_the_state_runs_on(models):
    assert len([*look(LanguageModel.load(models["char"]), "Anna\n\nBen\n")]) == 2
    assert len([*look(LanguageModel.load(models["book"]), "Anna\n\nBen\n")]) == 3
    assert len(only(look(LanguageModel.load(models["char"]), "")).tokens) == 1


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_the_norms_of_each_step_agree_with_differences(cell, layers):
    model = fresh_model(SENTENCE, None, 3, 1, cell=cell, layers=layers)
    network, h = model.network, 1e-6
    p = network.lay_out(model.p, np.float64)
    part = only(look(model, SENTENCE, Asked(gradients=True)))
    x = np.array(part.ids)
    states = network.states(p, x)

    def E_T(after, t):
        """Of a state after step t."""
        found = network.states(p, x[t + 1 :], after)
        return -network.log_o(p, found)[-1, 1]  # END comes last

    for t in range(len(x) - 1):
        after = {name: s[t : t + 1].copy() for name, s in states.items()}
        for letter, norms in part.norms.states.items():
            slope = []
            for name in (letter + suffix for suffix in network.suffixes):
                for k in range(network.n):
                    found = []
                    for step in (h, -h):
                        moved = after | {name: after[name].copy()}
                        moved[name][0, k] += step
                        found.append(E_T(moved, t))
                    slope.append((found[0] - found[1]) / (2 * h))
            assert norms[t] == pytest.approx(np.linalg.norm(slope), rel=1e-5, abs=1e-9)
    dz = np.exp(network.log_o(p, states)[-1]) - np.eye(network.m)[1]
    assert part.norms.states["s"][-1] == pytest.approx(np.linalg.norm(p["V"].T @ dz))
    assert list(part.norms.parameters) == list(network.shapes)


def test_the_numbers_are_the_tutorials_letters():
    model = fresh_model(SENTENCE, None, 4, 0)
    given = {name: np.array(rows) for name, rows in parameters_of(model.network, model.p)}
    s = np.zeros(4)
    for vectors, nats in zip(
        *(lambda part: (part.numbers, part.nats))(only(look(model, SENTENCE, Asked(numbers=True)))),
        strict=True,
    ):
        found = {vector.name: np.array(vector.values) for vector in vectors}
        assert [*found] == ["x_t", "U x_t", "W s_(t-1)", "b_a", "s_t", "V s_t", "b_y", "o_t", "y_t", "E_t"]
        np.testing.assert_allclose(found["U x_t"], given["U"] @ found["x_t"], atol=1e-6)
        np.testing.assert_allclose(found["W s_(t-1)"], given["W"] @ s, atol=1e-6)
        s = np.tanh(found["U x_t"] + found["W s_(t-1)"] + given["b_a"])
        np.testing.assert_allclose(found["s_t"], s, atol=1e-6)
        z = np.exp(found["V s_t"] + found["b_y"])
        np.testing.assert_allclose(found["o_t"], z / z.sum(), atol=1e-6)
        assert found["E_t"][0] == pytest.approx(nats, abs=1e-5)
        assert found["E_t"][0] == pytest.approx(-np.log(found["o_t"] @ found["y_t"]))


@pytest.mark.parametrize("output", ["classes", "adaptive"])
def test_the_numbers_of_an_output_of_two_levels_make_its_probabilities(output):
    model = noisy_model(SENTENCE, 4, {"output": output}, 0)
    first, second = model.network.cutoffs
    for vectors in only(look(model, SENTENCE, Asked(numbers=True))).numbers:
        found = {vector.name: np.array(vector.values) for vector in vectors}
        if output == "classes":
            own, *z = np.split(found["V s_t"], [first, second])
            head = np.append(own, found["V_c s_t"])
        else:
            head, *z = (found[name] for name in ("V s_t", "V1 P1 s_t", "V2 P2 s_t"))
        head, *within = (
            np.exp(z + b_y) / np.exp(z + b_y).sum()
            for z, b_y in zip([head, *z], (found[name] for name in ("b_y", "b_y1", "b_y2")), strict=True)
        )
        o = [head[:first], *(head[first + j] * each for j, each in enumerate(within))]
        np.testing.assert_allclose(found["o_t"], np.concatenate(o), atol=1e-6)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("embedding", [0, 3])
def test_the_gates_make_the_state(cell, embedding):
    model = fresh_model(SENTENCE, None, 3, 0, cell=cell, layers=2, embedding=embedding)
    s, c = np.zeros(3), np.zeros(3)
    for vectors in only(look(model, SENTENCE, Asked(numbers=True))).numbers:
        found = {vector.name: np.array(vector.values) for vector in vectors}
        gate = {name[5]: values for name, values in found.items() if name.startswith("gate ") and "2" in name}
        if cell == "gru":
            s = gate["u"] * s + (1 - gate["u"]) * gate["g"]
        else:
            c = gate["f"] * c + gate["i"] * gate["g"]
            s = gate["o"] * np.tanh(c)
        np.testing.assert_allclose(found["s2_t"], s, atol=1e-6)
        assert ("C x_t" in found) == bool(embedding)


def test_numbers_of_a_large_network_are_refused(models):
    model = fresh_model(SENTENCE, None, 17, 0)
    with pytest.raises(UsageError, match="small network"):
        [*look(model, SENTENCE, Asked(numbers=True))]


def test_a_fresh_model_depends_on_the_seed_alone():
    models = [fresh_model(SENTENCE, None, 4, seed) for seed in (0, 0, 1)]
    assert models[0] == models[1] != models[2]
    assert set(models[0].lexicon.vocabulary.tokens) == set(SENTENCE.split())
    assert set(lexicon_of("我昨天上学", TOKENIZERS["jieba"]).vocabulary.tokens) == {"我", "昨天", "上学"}


def test_labels_are_shown_with_the_vector_that_they_are_predicted_from(model_of_labels):
    model = Classifier.load(model_of_labels)
    part = only(look(model, "so good"))
    (said,) = model.predict(["so good"])
    assert part.answers == said.labels
    assert part.tokens == ["so", "good"]
    n = model.network.encoder.n
    assert {name: s.shape for name, s in part.states.items()} == {"h": (2, n), "h_rev": (2, n)}
    assert part.pooled[:n] == pytest.approx(part.states["h"][-1])
    assert part.pooled[n : 2 * n] == pytest.approx(part.states["h_rev"][0])
    assert len(part.pooled) == 6 * n


@pytest.mark.parametrize("asked", [Asked(gradients=True), Asked(numbers=True), Asked(label="yes")])
def test_what_a_model_of_labels_does_not_have_is_refused(asked, model_of_labels):
    with pytest.raises(UsageError, match="--"):
        look(Classifier.load(model_of_labels), "so good", asked)
