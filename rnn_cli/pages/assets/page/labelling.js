// The part Labels: the labels of a text as one types it, and which tokens speak for a label.

const labelling = {
  start(about) {
    this.about = about;
    this.items = [];
    this.label = null; // the one that is explained; null: the likeliest
    this.text = new TokenText(byId("labelled"), {
      separator: about.lexicon.separator,
      onPoint: (k) => this.show(k),
    });
    byId("to-label").value = about.example[0] ?? "";
    byId("to-label").addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.read(), PAUSE);
    });
    this.read();
  },

  async read() {
    let isFirst = true;
    const add = ({ tokens, o, without }) => {
      if (isFirst) {
        Object.assign(this, { items: tokens, o, without: [] });
        this.text.clear();
        this.text.add(tokens);
      }
      isFirst = false;
      this.without.push(...without);
      this.shade();
      this.show();
    };
    const answer = await ask("label", { text: byId("to-label").value }, add).catch(trouble);
    if (answer) add(answer);
  },

  // Return the label that is explained.
  explained() {
    return this.label ?? this.o.indexOf(Math.max(...this.o));
  },

  // Shade each token by how much less likely the label is without it, in log-odds.
  shade() {
    const odds = (o) => Math.log(Math.max(o, 1e-9) / Math.max(1 - o, 1e-9));
    const label = this.explained();
    const changes = this.without.map((o) => odds(this.o[label]) - odds(o[label]));
    const most = Math.max(1, ...changes.map(Math.abs));
    this.text.shade(changes.map((change) => change / most));
    const name = this.about.labels[label];
    legend(byId("label-legend"), say("against", { label: name }), say("for", { label: name }));
  },

  // Show the probabilities, and below them what they would be without token k.
  show(k = this.text.current) {
    const rows = (o) => Array.from(o.keys(), (label) => [label, o[label]]).sort((a, b) => b[1] - a[1]);
    const of = (o, onChoose) =>
      bars(rows(o), (label) => this.about.labels[label], {
        spell: (label) => this.about.labels[label],
        onChoose,
        isChosen: (label) => this.about.labels.length > 1 && label === this.explained(),
        value: (value) => (this.about.scale ? this.score(value) : `${digits(100 * value, 1)} %`),
        width: (value) => value,
      });
    const choose = (label) => {
      this.label = label;
      this.shade();
      this.show();
    };
    const without = this.without[k];
    fill(
      byId("label-detail"),
      make("h3", {}, say(this.about.scale ? "score" : "labels")),
      of(this.o, this.about.labels.length > 1 ? choose : null),
      without
        ? [
            make("h3", {}, say("without", { token: shown(this.items[k].id, this.items[k].token) })),
            of(without, null),
          ]
        : make("p", { class: "quiet" }, say("explain")),
    );
  },

  // Return a score on the scale of the model.
  score(value) {
    const [low, high] = this.about.scale;
    return digits(low + (high - low) * value);
  },

  render() {
    if (!this.o) return;
    this.shade();
    this.show();
  },
};
