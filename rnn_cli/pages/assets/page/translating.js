// The part Translate: a target as one types its source, what else could have come, and the attention.

const translating = {
  start(about) {
    this.about = about;
    this.items = [];
    this.tokenOf = (id) => about.target.tokens[id - 3] ?? "";
    this.text = new TokenText(byId("target"), {
      separator: about.target.separator,
      onPoint: (k) => this.show(k),
    });
    byId("source").value = about.example[0] ?? "";
    byId("source").addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.write(), PAUSE);
    });
    this.write();
  },

  // Write the target, which begins with the ids given.
  async write(given = []) {
    let isFirst = true;
    const add = ({ source, written }) => {
      if (isFirst) this.clear();
      isFirst = false;
      this.source = source;
      this.items.push(...written);
      this.text.add(written);
    };
    const answer = await ask("translate", { text: byId("source").value, given }, add).catch(trouble);
    if (!answer) return;
    add(answer);
    this.attention();
  },

  clear() {
    this.items = [];
    this.text.clear();
    this.hint();
  },

  hint() {
    fill(byId("target-detail"), make("p", { class: "quiet" }, say("choose")));
  },

  // Show what could have come at a place.
  show(k) {
    const { id, E, others } = this.items[k];
    const rows = others.some(([other]) => other === id) ? others : [...others, [id, -E]];
    const goOn = (other) => this.write([...this.items.slice(0, k).map((item) => item.id), other]);
    fill(
      byId("target-detail"),
      make("h3", {}, say("came")),
      bars(rows, this.tokenOf, { onChoose: goOn, isChosen: (other) => other === id }),
    );
  },

  // Draw the attention as a table: a row for each target token, a column for each source token.
  attention() {
    const head = this.source.map((token) => make("th", { scope: "col" }, shown(3, token)));
    const rows = this.items.map(({ id, token, α }) => {
      const target = shown(id, token);
      const cells = α.map((share, k) => {
        const values = { target, source: shown(3, this.source[k]), share: digits(100 * share, 0) };
        return make(
          "td",
          { "--share": String(share), title: say("looks_at", values) },
          make("span", { class: "hidden" }, `${values.share} %`),
        );
      });
      return make("tr", {}, make("th", { scope: "row" }, target), cells);
    });
    fill(
      byId("attention"),
      this.items.length
        ? make("table", { class: "attention" }, make("tr", {}, make("td"), head), rows)
        : null,
    );
  },

  render() {
    legend(byId("target-legend"));
    if (this.source) this.attention();
    if (this.text.current >= 0) this.show(this.text.current);
    else this.hint();
  },
};
