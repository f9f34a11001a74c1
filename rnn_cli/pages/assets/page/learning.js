// The part Learn: the equations of this network with their numbers, step by step.

// The input of the first layer and what each cell computes: names among the worker's values, with their equations.
const ENTRANCES = {
  one_hot: ["x", "x_t"],
  embedding: ["h", "h_t = C x_t"],
  tied: ["h", "h_t = V^T x_t"],
};
const EQUATIONS = {
  tanh: [["s", "s_t = tanh(a_t + W s_{t-1})"]],
  relu: [["s", "s_t = max(0, a_t + W s_{t-1})"]],
  gru: [
    ["r", "r_t = σ(a_r + W_r s_{t-1})"],
    ["u", "u_t = σ(a_u + W_u s_{t-1})"],
    ["g", "g_t = tanh(a_g + r_t W_g s_{t-1})"],
    ["s", "s_t = u_t s_{t-1} + (1 − u_t) g_t"],
  ],
  lstm: [
    ["o", "o_t = σ(a_o + W_o s_{t-1})"],
    ["i", "i_t = σ(a_i + W_i s_{t-1})"],
    ["f", "f_t = σ(a_f + W_f s_{t-1})"],
    ["g", "g_t = tanh(a_g + W_g s_{t-1})"],
    ["c", "c_t = f_t c_{t-1} + i_t g_t"],
    ["s", "s_t = o_t tanh(c_t)"],
  ],
};
const PREDICTIONS = {
  softmax: ["o_t = softmax(V s_t + b_y)"],
  classes: [
    "head_t = softmax((V_0, V_c) s_t + b_y)",
    "o_t[y] = head_t[y]",
    "o_t[y] = head_t[j] softmax(V_j s_t + b_j)[y]",
  ],
  adaptive: [
    "head_t = softmax(V s_t + b_y)",
    "o_t[y] = head_t[y]",
    "o_t[y] = head_t[j] softmax(V_j P_j s_t + b_j)[y]",
  ],
};

const learning = {
  start(about) {
    this.about = about;
    this.items = [];
    this.place = 0;
    this.text = new TokenText(byId("steps"), {
      separator: about.lexicon.separator,
      onPoint: () => {},
      onChoose: (k) => this.go(k),
    });
    byId("sentence").value = about.sentence;
    byId("sentence").addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.read(), PAUSE);
    });
    byId("before").addEventListener("click", () => this.go(this.place - 1));
    byId("after").addEventListener("click", () => this.go(this.place + 1));
    this.read();
  },

  async read() {
    const items = [];
    const question = { text: byId("sentence").value, label: this.about.label };
    const answer = await ask("read", { ...question, of: "sentence" }, (part) =>
      items.push(...part.read),
    ).catch(trouble);
    if (!answer) return;
    this.items = [...items, ...answer.read];
    this.text.clear();
    this.text.add(this.items);
    this.go(Math.min(this.place, this.items.length - 2));
  },

  renew() {
    this.read();
  },

  // Go to a step. The last token has none: it is only predicted.
  async go(place) {
    if (this.items.length < 2) return fill(byId("equations"));
    this.place = Math.max(0, Math.min(place, this.items.length - 2));
    this.text.mark(this.place);
    this.text.spans[this.place].scrollIntoView({ block: "nearest", inline: "nearest" });
    byId("before").disabled = this.place === 0;
    byId("after").disabled = this.place === this.items.length - 2;
    const question = { text: byId("sentence").value, label: this.about.label, place: this.place };
    this.traced = await ask("trace", question).catch(trouble);
    if (this.traced) this.show();
  },

  show() {
    const { network, tokenOf } = this.about;
    const { x, y, l, before, layers, next, E } = this.traced;
    const guided = this.about.label !== undefined;
    const name = (id, k) => shown(id, this.items[k].token);
    const [from, to] = [name(x, this.place), name(y, this.place + 1)];
    const line = (text, numbers, note = null) =>
      make("div", { class: "equation" }, make("span", {}, formula(text), note), numbers);
    const quiet = (text) => make("span", { class: "quiet" }, text);
    const block = (title, ...lines) => make("section", { class: "block" }, make("h3", {}, title), lines);
    const named = (equation) => (network.cell === "lstm" ? equation.replaceAll("o_t", "p_t") : equation); // its o_t is a gate
    const scale = network.cell === "relu" ? undefined : 1;
    const blocks = layers.map((values, layer) => {
      const [letter, text] = layer ? ["h", "h_t = s_t"] : ENTRANCES[network.input];
      const enters = letter === "x" ? quiet(say("is_one_hot", { id: x })) : strip("h", values.h);
      const below = layer ? quiet(` · ${say("layer", { layer })}`) : null;
      return block(
        network.layers > 1 ? say("layer", { layer: layer + 1 }) : say("forget"),
        line(text, enters, below),
        line(`a_t = U ${letter}_t${guided && !layer ? " + Q l" : ""} + b_a`, strip("a", values.a)),
        line("s_{t-1}", strip("s", before[layer].s, scale)),
        line("W s_{t-1}", strip("W s", values.Ws)),
        EQUATIONS[network.cell].map(([letter, equation]) =>
          line(equation, strip(letter, values[letter], letter === "c" ? undefined : scale)),
        ),
      );
    });
    fill(
      byId("equations"),
      guided
        ? block(
            say("label_vector"),
            line("l = L x_{label}", strip("l", l)),
            make("p", {}, formula("s_0 = tanh(F l + b_f)")),
          )
        : null,
      make("h2", {}, say("step", { t: this.place + 1, x: `“${from}”`, y: `“${to}”` })),
      blocks,
      block(
        say("expect"),
        PREDICTIONS[network.output].map((equation) => make("p", {}, formula(named(equation)))),
        bars(next, tokenOf, { isChosen: (id) => id === y }),
      ),
      block(
        say("loss"),
        line(
          named(`E_t = −log o_t[y_t] = ${digits(E, 3)}`),
          make("span", { class: "quiet" }, say("loss_about", { y: `“${to}”`, share: share(-E) })),
        ),
        this.total(),
      ),
    );
  },

  // Return the sum of the losses, written out as far as it fits.
  total() {
    const costs = this.items.slice(1).map(({ E }) => E ?? 0);
    const sum = costs.reduce((a, b) => a + b, 0);
    const terms =
      costs
        .slice(0, 6)
        .map((E) => digits(E))
        .join(" + ") + (costs.length > 6 ? " + …" : "");
    return [
      make("p", {}, formula(`E = Σ E_t = ${terms} = ${digits(sum)}`)),
      make("p", { class: "quiet" }, say("total", { sum: digits(sum), each: digits(sum / costs.length) })),
    ];
  },

  // Draw each array as a rectangle, all on one scale.
  shapes() {
    const matrices = this.about.shapes.map(([name, shape]) => [
      name,
      shape.length > 1 ? shape : [shape[0], 1],
    ]);
    const longest = Math.max(...matrices.map(([, shape]) => Math.max(...shape)));
    const unit =
      180 /
      Math.sqrt(longest * Math.max(...matrices.map(([, [rows, columns]]) => Math.min(rows, columns), 1)));
    const most = Math.max(
      ...matrices.flatMap(([, shape]) => shape.map((length) => Math.max(3, length * unit))),
    );
    const scale = Math.min(1, 300 / most);
    const drawn = matrices.map(([name, [rows, columns]]) => {
      const [width, height] = [columns, rows].map((length) => Math.max(2, length * unit * scale));
      const svg = make(
        "svg",
        { width, height, "aria-hidden": "true" },
        make("rect", { width, height, class: "matrix" }),
      );
      return make(
        "figure",
        { class: "shape" },
        svg,
        make("figcaption", {}, formula(name), make("span", { class: "quiet" }, ` ${rows} × ${columns}`)),
      );
    });
    fill(byId("shapes"), drawn);
  },

  render() {
    this.shapes();
    if (this.traced) this.show();
  },
};
