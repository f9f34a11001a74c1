// The part Look: a text as the model reads it, shaded by surprise or by a neuron.

const looking = {
  start(about) {
    this.about = about;
    this.items = [];
    this.text = new TokenText(byId("read"), {
      separator: about.lexicon.separator,
      onPoint: (k) => this.show(k),
    });
    byId("text").value = about.example.join(about.lexicon.unit === "line" ? "\n" : "\n\n");
    byId("text").addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.read(), PAUSE);
    });
    byId("neuron").max = String(about.network.n * about.network.layers - 1);
    for (const id of ["shade", "neuron"]) byId(id).addEventListener("input", () => this.shade());
    this.read();
  },

  // Read the text, and show what has been read so far.
  async read() {
    let isFirst = true;
    const add = ({ read }) => {
      if (isFirst) this.clear();
      isFirst = false;
      this.items.push(...read);
      this.text.add(read);
      this.shade();
    };
    const answer = await ask("read", { text: byId("text").value, label: this.about.label }, add).catch(trouble);
    if (!answer) return;
    add(answer);
    this.isCut = answer.isCut;
    this.sum();
  },

  renew() {
    this.read();
  },

  clear() {
    this.items = [];
    this.text.clear();
    this.hint();
    byId("look-sum").textContent = "";
  },

  // Fill the list of what the text can be shaded by.
  choices() {
    const before = byId("shade").value;
    const found = this.about.neurons.map(({ fact, neuron, r }) =>
      make("option", { value: String(neuron) }, say("found", { neuron, fact: say(fact), r: digits(r) })),
    );
    fill(
      byId("shade"),
      make("option", { value: "surprisal" }, say("surprisal")),
      found,
      make("option", { value: "any" }, say("any_neuron")),
    );
    byId("shade").value = before || "surprisal";
  },

  // Return the number of the neuron that the text is shaded by; null for surprise.
  neuron() {
    const { value } = byId("shade");
    if (value === "surprisal") return null;
    return Math.min(Number(value === "any" ? byId("neuron").value : value), Number(byId("neuron").max));
  },

  shade() {
    const neuron = this.neuron();
    byId("neuron-field").hidden = byId("shade").value !== "any";
    byId("read").classList.toggle("neuron", neuron !== null);
    if (neuron === null) legend(byId("look-legend"));
    else legend(byId("look-legend"), say("legend_neuron"), say("legend_neuron_end"));
    if (neuron === null) return this.text.shade(this.items.map(({ E }) => heatOf(E)));
    const values = this.items.map(({ s }) => s?.[neuron] ?? 0);
    const most = Math.max(1e-9, ...values.map(Math.abs));
    this.text.shade(values.map((value) => value / most));
  },

  sum() {
    const costs = this.items.map(({ E }) => E).filter((E) => E !== null);
    const nats = costs.reduce((a, b) => a + b, 0);
    const each = nats / (costs.length || 1);
    const cut = this.isCut ? ` (${say("cut", { tokens: this.items.length.toLocaleString() })})` : "";
    byId("look-sum").textContent =
      say("sum", {
        tokens: costs.length,
        nats: digits(nats, 1),
        each: digits(each),
        perplexity: digits(Math.exp(each)),
      }) + cut;
  },

  hint() {
    fill(byId("look-detail"), make("p", { class: "quiet" }, say("point")));
  },

  // Show what a token cost, what the model expects after it, and the state.
  show(k) {
    const { id, token, E, next, s } = this.items[k];
    const cost = E === null ? null : make("p", {}, say("cost_of", { nats: digits(E), share: share(-E) }));
    const [size, layers] = [this.about.network.n, this.about.network.layers];
    const states = Array.from({ length: s ? layers : 0 }, (_, layer) =>
      strip(
        layers > 1 ? say("layer", { layer: layer + 1 }) : "s",
        s.subarray(layer * size, (layer + 1) * size),
        this.about.network.cell === "relu" ? undefined : 1,
      ),
    );
    fill(
      byId("look-detail"),
      make("h3", {}, make("span", { class: "quoted" }, shown(id, token))),
      cost,
      id === 2 ? make("p", { class: "quiet" }, say("is_unknown")) : null,
      next.length
        ? [
            make("h3", {}, say("expects")),
            bars(next, this.about.tokenOf),
            make("h3", {}, say("state")),
            states,
          ]
        : null,
    );
  },

  render() {
    this.choices();
    this.shade();
    if (byId("look-sum").textContent) this.sum();
    if (this.text.current >= 0) this.show(this.text.current);
    else this.hint();
  },
};
