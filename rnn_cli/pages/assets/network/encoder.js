// The encoder: the states of all steps of a text, in one direction or in both.

class Encoder {
  // about: n, cell, layers, input and bidirectional, as in the model file.
  constructor(about, p) {
    this.about = about;
    this.p = p;
    this.cell = CELLS[about.cell];
    this.input = INPUTS[about.input];
  }

  // Return the states of one direction of a layer, in the order of the steps.
  way(name, enter, steps, isReverse) {
    const [W, n] = [this.p[`W${name}`], this.about.n];
    let state = Object.fromEntries(this.cell.state.map((letter) => [letter, new Float64Array(n)]));
    const h = [];
    const order = isReverse ? Array.from(steps.keys()).reverse() : steps.keys();
    for (const t of order) {
      state = this.cell.step(enter(steps[t], t), times(W, state.s), state);
      h[t] = state.s;
    }
    return h;
  }

  // Return h_1 … h_L, the states of both directions side by side. q: a second input at each step, or null.
  encode(ids, q = null) {
    let steps = ids;
    for (let layer = 0; layer < this.about.layers; layer++) {
      const suffix = layer ? String(layer + 1) : "";
      const ways = (this.about.bidirectional ? ["", "_rev"] : [""]).map((way) => {
        const [U, b_a] = [this.p[`U${suffix}${way}`], this.p[`b_a${suffix}${way}`]];
        const below = (h) => plus(times(U, h), b_a.values);
        const alone = (x) => this.input.enter({ ...this.p, U, b_a }, x, this.input.vector(this.p, x));
        const first = (x, t) => (q ? plus(alone(x), times(this.p[`Q${way}`], q[t])) : alone(x)); // U h_t + Q q_t + b_a
        return this.way(suffix + way, layer ? below : first, steps, way !== "");
      });
      steps = steps.map((_, t) => joined(ways.map((h) => h[t])));
    }
    return steps;
  }

  // Return h for any text: one without tokens has a single step of padding, which is 0.
  states(ids) {
    return ids.length
      ? this.encode(ids)
      : [new Float64Array(this.about.n * (this.about.bidirectional ? 2 : 1))];
  }
}

// Return the state of each direction after the whole text: h_L, and h_1 of the second direction.
const lastStates = (h, n) => vector(h[0].length, (k) => (k < n ? h.at(-1)[k] : h[0][k]));

// Return the sum of some columns, c Σ_i G x_i.
function sumOf(G, ids, c) {
  const sum = new Float64Array(G.shape[0]);
  for (const id of ids) column(G, id).forEach((value, k) => (sum[k] += c * value));
  return sum;
}
