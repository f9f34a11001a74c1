// The part Training: how the model was trained.

const telling = {
  start(about) {
    this.about = about;
    this.epoch = about.trained.best ?? 1;
  },

  render() {
    const { epochs, steps, settings, best, ngram } = this.about.trained;
    const curve = (rows, name, kind) => ({ name: say(name), kind, points: pointsOf(rows, name) });
    const curves = [curve(epochs, "train_loss", "train"), curve(epochs, "valid_loss", "valid")].filter(
      ({ points }) => points.length,
    );
    const how = { xName: say("epoch"), level: ngram, marks: [best], onPoint: (epoch) => this.point(epoch) };
    fill(
      byId("curves"),
      curves.length
        ? make("div", {}, chart(`${say("loss_by_epoch")}, ${say("nats")}`, curves, how), this.stage(epochs))
        : make("p", { class: "quiet" }, say("no_curves")),
      ["train_loss", "gradient_norm"].map((name) => {
        const of = curve(steps, name, "train");
        return of.points.length > 1 ? chart(say(`steps_${name}`), [of], { xName: say("step_number") }) : null;
      }),
    );
    fill(
      byId("epochs"),
      epochs.length
        ? [
            make("h2", {}, say("epochs")),
            make("div", { class: "scroll", tabindex: "0" }, this.table(epochs, best)),
          ]
        : null,
    );
    fill(
      byId("settings"),
      make("h2", {}, say("settings")),
      make(
        "table",
        {},
        Object.entries(settings).map(([name, value]) =>
          make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, setting(value))),
        ),
      ),
    );
    if (epochs.length) this.point(this.epoch);
  },

  // Return a slider through the epochs, and what the model wrote after each, if the log has it.
  stage(epochs) {
    const [first, last] = [epochs[0].epoch, epochs.at(-1).epoch];
    this.slider = make("input", {
      type: "range",
      min: String(first),
      max: String(last),
      "aria-label": say("epoch"),
      oninput: () => this.point(Number(this.slider.value)),
    });
    this.told = make("p", { class: "quiet" });
    this.sample = make("p", { class: "text sample" });
    return make(
      "div",
      { class: "stage" },
      this.slider,
      this.told,
      epochs.some(({ sample }) => sample) ? this.sample : null,
    );
  },

  // Show an epoch: what it cost, and a sample.
  point(epoch) {
    const row = this.about.trained.epochs.find((each) => each.epoch === epoch);
    if (!row) return;
    this.epoch = epoch;
    this.slider.value = String(epoch);
    const number = (value) => (typeof value === "number" ? digits(value, 3) : "–");
    this.told.textContent = say("epoch_about", {
      epoch,
      train: number(row.train_loss),
      valid: number(row.valid_loss),
    });
    this.sample.textContent = row.sample ?? "";
    for (const line of document.querySelectorAll("[data-epoch]"))
      line.classList.toggle("current", line.dataset.epoch === String(epoch));
  },

  table(epochs, best) {
    const number = (value) => (typeof value === "number" ? digits(value, 3) : "");
    const head = ["epoch", "train_loss", "valid_loss"].map((name) => make("th", { scope: "col" }, say(name)));
    const rows = epochs.map(({ epoch, train_loss, valid_loss }) => {
      const place = make(
        "th",
        { scope: "row" },
        String(epoch),
        epoch === best ? make("span", { class: "best" }, ` ${say("best")}`) : null,
      );
      return make(
        "tr",
        { "data-epoch": String(epoch) },
        place,
        make("td", {}, number(train_loss)),
        make("td", {}, number(valid_loss)),
      );
    });
    return make("table", {}, make("tr", {}, head), rows);
  },
};

const pointsOf = (rows, name) =>
  rows.map((row) => [row.step ?? row.epoch, row[name]]).filter(([, y]) => typeof y === "number");

// Return a setting's value, with four digits if it is not a whole number.
function setting(value) {
  return typeof value === "number" && !Number.isInteger(value)
    ? String(Number(value.toPrecision(4)))
    : value.toLocaleString();
}
