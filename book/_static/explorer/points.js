/* The points: which pass the filters, what the sliders make of them, which is the best, and all of them as CSV. */
(function (Explorer) {
  "use strict";

  const { bounds, dom } = Explorer;

  const id = (point) => [point.dataset, point.seed, point.method, dom.exact(point.lam), dom.exact(point.beta)].join(":");

  /** The rows of the exported data as objects, in their order. */
  function read(data) {
    const datasets = new Map(data.datasets.map((dataset) => [dataset.name, dataset]));
    const names = data.columns;
    return data.networks.flatMap((network) => {
      const { classes, examples } = datasets.get(network.dataset);
      return network.points.map((row) => {
        const point = { dataset: network.dataset, seed: network.seed, examples, chance: 1 - 1 / classes };
        names.forEach((name, i) => (point[name] = row[i]));
        if (point.beta === null) point.beta = Infinity; // the baseline, which has no beta
        point.id = id(point);
        return point;
      });
    });
  }

  const inside = (x, [low, high]) => low <= x && x <= high;

  function passes(point, state) {
    return (
      state.datasets.includes(point.dataset) &&
      state.seeds.includes(point.seed) &&
      state.methods.includes(point.method) &&
      inside(point.lam, state.lam) &&
      (point.beta === Infinity || inside(point.beta, state.beta)) &&
      (point.front || !state.front)
    );
  }

  /** A point with the numbers that depend on N and delta. */
  function derive(point, state) {
    const n = state.n === null ? point.examples : state.n, delta = state.delta;
    return {
      ...point,
      n,
      delta,
      complexity: bounds.complexity(point.kl, n, delta),
      theorem: bounds.theorem(point.accuracy, point.kl, n, delta),
      klForm: bounds.klForm(point.accuracy, point.kl, n, delta),
    };
  }

  const view = (points, state) => points.filter((point) => passes(point, state)).map((point) => derive(point, state));

  /** The first point with the smallest bound of each data set, seed and method; `by` is "theorem" or "klForm". */
  function best(rows, by) {
    const found = new Map();
    for (const row of rows) {
      const key = [row.dataset, row.seed, row.method].join(":");
      if (!found.has(key) || row[by] < found.get(key)[by]) found.set(key, row);
    }
    return [...found.values()];
  }

  const COLUMNS = [
    // of the CSV and of the table of all points: name, field, heading, significant digits (none: text)
    ["dataset", "dataset", "data set"],
    ["seed", "seed", "seed"],
    ["method", "method", "method"],
    ["lam", "lam", "λ", 6],
    ["beta", "beta", "β", 6],
    ["accuracy", "accuracy", "accuracy", 6],
    ["accuracy_stderr", "stderr", "its standard error", 2],
    ["kl", "kl", "KL", 7],
    ["examples", "examples", "examples"],
    ["n", "n", "N"],
    ["delta", "delta", "δ", 6],
    ["complexity", "complexity", "complexity", 6],
    ["theorem_3_1", "theorem", "Theorem 3.1", 6],
    ["kl_inverse", "klForm", "kl inverse", 6],
    ["chance", "chance", "chance", 6],
    ["front", "front", "on the front"],
  ];

  function csv(rows) {
    const lines = rows.map((row) => COLUMNS.map(([, field]) => {
      const value = row[field];
      return typeof value === "boolean" ? (value ? "True" : "False") : dom.exact(value);
    }));
    return [COLUMNS.map(([name]) => name), ...lines].map((line) => line.join(",") + "\n").join("");
  }

  Explorer.points = { read, view, best, csv, COLUMNS };
})((window.Explorer = window.Explorer || {}));
