// The part Words: a map of the tokens, and the nearest neighbours of one.

const mapping = {
  start(about) {
    this.about = about;
    const tokens = about.map.map(([token]) => token);
    this.chosen = tokens.find((token) => /\p{L}/u.test(token)) ?? tokens[0] ?? "";
    byId("find").addEventListener("input", () =>
      this.choose(
        this.about.lexicon.tokens.includes(byId("find").value)
          ? byId("find").value
          : ` ${byId("find").value}`,
      ),
    );
  },

  render() {
    const width = Math.max(300, byId("map").clientWidth);
    const [height, edge] = [Math.max(380, 0.72 * width), Math.min(36, width / 16)];
    const taken = [];
    const labels = this.about.map.map(([token, x, y], rank) => {
      const size = rank < 30 ? 19 : rank < 100 ? 15 : 13;
      const text = shown(3, token);
      const half = (Array.from(text).reduce((sum, c) => sum + (c > "\u2e80" ? 1 : 0.55), 0) * size) / 2;
      const left = Math.min(width - half - 4, Math.max(half + 4, edge + ((x + 1) / 2) * (width - 2 * edge)));
      const top = edge + ((1 - y) / 2) * (height - 2 * edge);
      const box = [left - half - 2, top - size * 0.55, left + half + 2, top + size * 0.55];
      const isFree = !taken.some(([a, b, c, d]) => box[0] < c && a < box[2] && box[1] < d && b < box[3]);
      if (isFree) taken.push(box);
      const content = isFree
        ? make("text", { x: left, y: top + size * 0.35, "font-size": size, "text-anchor": "middle" }, text)
        : make("circle", { cx: left, cy: top, r: 2.2 });
      const choose = () => this.choose(token);
      return make(
        "g",
        {
          class: "place",
          role: "button",
          tabindex: "-1",
          "aria-label": text,
          "data-token": token,
          onclick: choose,
          onpointerenter: choose,
          onfocus: choose,
        },
        content,
      );
    });
    labels[0]?.setAttribute("tabindex", "0");
    const svg = make(
      "svg",
      {
        viewBox: `0 0 ${width} ${height}`,
        role: "group",
        "aria-label": say("map", { count: labels.length }),
      },
      labels,
    );
    svg.addEventListener("keydown", (event) => this.key(event, labels));
    fill(byId("map"), svg);
    this.choose(this.chosen);
  },

  key(event, labels) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const k = labels.indexOf(document.activeElement);
    labels[Math.max(0, Math.min(labels.length - 1, k + step))].focus();
  },

  async choose(token) {
    const { lexicon, tokenOf } = this.about;
    if (!lexicon.tokens.includes(token))
      return fill(
        byId("words-detail"),
        make("p", { class: "quiet" }, say("no_word", { token: token.trim() })),
      );
    this.chosen = token;
    for (const place of byId("map").querySelectorAll(".place"))
      place.classList.toggle("current", place.dataset.token === token);
    const answer = await ask("neighbours", { token }).catch(trouble);
    if (!answer) return;
    fill(
      byId("words-detail"),
      make("h3", {}, say("near", { token: shown(3, token) })),
      bars(answer.near, tokenOf, {
        onChoose: (id) => this.choose(tokenOf(id)),
        value: (cosine) => digits(cosine),
        width: (cosine) => cosine,
      }),
    );
  },
};
