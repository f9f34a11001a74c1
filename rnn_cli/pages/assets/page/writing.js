// The part Write: text from the model and, at each token, what else could have come.

const LENGTH = 600; // tokens of a text, at most

const writing = {
  start(about) {
    this.about = about;
    this.items = [];
    this.text = new TokenText(byId("written"), {
      separator: about.lexicon.separator,
      onPoint: (k) => this.show(k),
    });
    byId("write-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.write();
    });
    byId("again").addEventListener("click", () => {
      byId("seed").value = String(Math.floor(Math.random() * 1e6));
      this.write();
    });
    byId("stop").addEventListener("click", () => this.stop());
    for (const dial of document.querySelectorAll("#write-form input"))
      dial.addEventListener("input", () => this.dials());
    byId("lines").value = String(about.lines);
    this.prompt = make("span", { class: "prompt" });
    this.dials();
    this.write();
  },

  // Return the values of the dials.
  how() {
    const value = (id) => Number(byId(id).value) || 0;
    return {
      temperature: value("temperature"),
      topK: value("top_k"),
      topP: value("top_p"),
      seed: value("seed"),
      lines: value("lines"),
    };
  },

  // Show the dials' values.
  dials() {
    const { temperature, topK, topP } = this.how();
    const values = {
      temperature: temperature ? digits(temperature) : say("likeliest"),
      top_k: topK || say("all"),
      top_p: digits(topP),
    };
    for (const output of document.querySelectorAll("#write-form output"))
      output.textContent = values[output.htmlFor[0]];
  },

  // Write a text, which begins with the prompt and the ids given.
  async write(given = []) {
    this.items = [];
    this.text.clear();
    this.hint();
    byId("stop").disabled = false;
    const [begun, question] = [
      performance.now(),
      { prompt: byId("prompt").value, label: this.about.label, given, length: LENGTH, ...this.how() },
    ];
    const onPart = ({ written, begun, unknown }) => this.add(written, question.prompt, unknown);
    try {
      onPart(await ask("write", question, onPart));
      const rate = Math.round((1000 * this.items.length) / (performance.now() - begun));
      const pace = this.items.length < 100 ? "" : say("pace", { rate: rate.toLocaleString() });
      byId("pace").textContent = this.unknown.length
        ? say("unknown", { tokens: this.unknown.join(" ") })
        : pace;
      byId("stop").disabled = true;
    } catch (error) {
      trouble(error);
    }
  },

  add(written, prompt, unknown) {
    this.unknown = unknown;
    if (!this.items.length) {
      this.prompt.textContent =
        prompt + (prompt && !prompt.endsWith(" ") ? this.about.lexicon.separator : "");
      byId("written").prepend(this.prompt);
    }
    for (const item of written) {
      const isRepeated = this.items.at(-1)?.id === 1 && prompt && !this.about.carries;
      if (isRepeated) byId("written").append(this.prompt.cloneNode(true));
      this.items.push(item);
      this.text.add([item]);
    }
  },

  renew() {
    this.write();
  },

  // Stop, by asking a question that is answered at once.
  stop() {
    byId("stop").disabled = true;
    ask("write", { prompt: "", label: this.about.label, given: [], length: 0, lines: 0 }).catch(trouble);
  },

  hint() {
    fill(byId("write-detail"), make("p", { class: "quiet" }, say("choose")));
  },

  // Show what could have come at a place.
  show(k) {
    const { id, E, others } = this.items[k];
    const rows = others.some(([other]) => other === id) ? others : [...others, [id, -E]];
    const goOn = (other) => {
      this.write([...this.items.slice(0, k).map((item) => item.id), other]);
    };
    fill(
      byId("write-detail"),
      make("h3", {}, say("came")),
      bars(rows, this.about.tokenOf, { onChoose: goOn, isChosen: (other) => other === id }),
    );
  },

  render() {
    this.dials();
    legend(byId("write-legend"));
    if (this.text.current >= 0) this.show(this.text.current);
    else this.hint();
  },
};
