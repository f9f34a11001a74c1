// Curves, drawn as SVG.

const [WIDTH, HEIGHT, LEFT, BOTTOM, EDGE] = [480, 200, 40, 28, 10];

// Return a chart. curves: {name, kind, points: [[x, y], ...]}. onPoint(x) is called for the point under the pointer.
function chart(title, curves, { xName, level = null, onPoint = null, marks = [] }) {
  const points = curves.flatMap((curve) => curve.points);
  const [xs, ys] = [
    points.map(([x]) => x),
    [...points.map(([, y]) => y), ...(level === null ? [] : [level])],
  ];
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const pad = (y1 - y0) * 0.08 || 0.1;
  const X = (x) => LEFT + ((x - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - EDGE);
  const Y = (y) => EDGE + ((y1 + pad - y) / (y1 - y0 + 2 * pad)) * (HEIGHT - BOTTOM - EDGE);
  const at = (x, y, text, anchor) => make("text", { x, y, "text-anchor": anchor }, text);
  const grid = ticks(y0 - pad, y1 + pad).map((y) =>
    make(
      "g",
      {},
      make("line", { x1: LEFT, x2: WIDTH - EDGE, y1: Y(y), y2: Y(y) }),
      at(LEFT - 8, Y(y) + 4, digits(y, y1 - y0 < 1 ? 2 : 1), "end"),
    ),
  );
  const lines = curves.map(({ kind, points }) =>
    make("path", {
      class: `curve ${kind}`,
      d: points.map(([x, y], k) => `${k ? "L" : "M"}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join(""),
    }),
  );
  const dots = curves.flatMap(({ kind, points }) =>
    !onPoint || points.length > 60
      ? []
      : points.map(([x, y]) =>
          make("circle", {
            class: `dot ${kind}${marks.includes(x) ? " mark" : ""}`,
            cx: X(x),
            cy: Y(y),
            r: 3,
            onpointerenter: () => onPoint?.(x),
          }),
        ),
  );
  const across =
    level === null
      ? []
      : [make("line", { class: "level", x1: LEFT, x2: WIDTH - EDGE, y1: Y(level), y2: Y(level) })];
  const below = [
    at(LEFT, HEIGHT - 8, String(x0), "start"),
    at(WIDTH - EDGE, HEIGHT - 8, String(x1), "end"),
    at((LEFT + WIDTH) / 2, HEIGHT - 8, xName, "middle"),
  ];
  const label = `${title}. ${curves.map(({ name, points }) => `${name}: ${points.map(([, y]) => digits(y)).slice(-1)}`).join(", ")}`;
  return make(
    "figure",
    { class: "chart" },
    make(
      "figcaption",
      {},
      make("b", {}, title),
      curves.length > 1 || level !== null
        ? curves.map(({ name, kind }) => make("span", { class: `key ${kind}` }, name))
        : null,
      level === null ? null : make("span", { class: "key level" }, say("ngram")),
    ),
    make(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
      grid,
      across,
      lines,
      dots,
      below,
    ),
  );
}

// Return a few round numbers between two numbers.
function ticks(from, to) {
  const rough = (to - from) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough);
  return Array.from({ length: 8 }, (_, k) => (Math.ceil(from / step) + k) * step).filter((y) => y <= to);
}
