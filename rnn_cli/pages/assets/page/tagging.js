// The part Tags: a tag for each token as one types; the less certain it is, the darker.

const tagging = {
  start(about) {
    this.about = about;
    this.items = [];
    this.text = new TokenText(byId("tagged"), { separator: " ", onPoint: (k) => this.show(k) });
    byId("to-tag").value = about.example[0] ?? "";
    byId("to-tag").addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.read(), PAUSE);
    });
    this.read();
  },

  async read() {
    const answer = await ask("tag", { text: byId("to-tag").value }).catch(trouble);
    if (!answer) return;
    this.items = answer.tagged.map((item) => ({ ...item, note: this.about.tags[item.tag] }));
    this.text.clear();
    this.text.add(this.items);
    this.hint();
  },

  hint() {
    fill(byId("tag-detail"), make("p", { class: "quiet" }, say("point_tag")));
  },

  // Show the likeliest tags of a token.
  show(k) {
    const { id, token, tag, log } = this.items[k];
    fill(
      byId("tag-detail"),
      make("h3", {}, make("span", { class: "quoted" }, shown(id, token))),
      bars(log, null, { spell: (other) => this.about.tags[other], isChosen: (other) => other === tag }),
    );
  },

  render() {
    legend(byId("tag-legend"), say("certain"), say("uncertain"), false);
    if (this.text.current >= 0) this.show(this.text.current);
    else this.hint();
  },
};
