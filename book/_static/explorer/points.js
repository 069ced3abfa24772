/* The points: which pass the filters, what the sliders make of them, which is the best, and all of them as CSV. */
(function (Explorer) {
  "use strict";

  const { bounds, dom } = Explorer;

  const id = (point) => [point.dataset, point.seed, point.method, dom.exact(point.lam), dom.exact(point.beta)].join(":");

  /** The rows of the exported data as objects, in their order: a network's points, then those of its curves of Figure 2, which are
      `floor`, then its `rivals`, which count their own examples. What a point has no number for is null. */
  function read(data) {
    const datasets = new Map(data.datasets.map((dataset) => [dataset.name, dataset]));
    const object = (names, row, start) => names.reduce((point, name, i) => ({ ...point, [name]: row[i] }), start);
    return data.networks.flatMap((network) => {
      const { classes, examples } = datasets.get(network.dataset);
      const start = { dataset: network.dataset, seed: network.seed, examples, chance: 1 - 1 / classes };
      const rival = { ...start, rival: true, front: false, lam: null, beta: null, stderr: null };
      const floor = { ...start, floor: true, front: true, lam: null, testError: null, certificate: null };
      const all = [
        ...network.points.map((row) => object(data.columns, row, start)),
        ...network.floors.map((row) => object(data.floor_columns, row, floor)),
      ];
      for (const point of all) point.beta ??= Infinity; // the baseline, and where a method is the baseline
      all.push(...network.rivals.map((row) => object(data.rival_columns, row, rival)));
      for (const point of all) point.id = id(point);
      return all;
    });
  }

  const inside = (x, [low, high]) => low <= x && x <= high;

  function passes(point, state) {
    const shown = state.datasets.includes(point.dataset) && state.seeds.includes(point.seed);
    if (point.floor) return shown && state.curves;
    if (point.rival) return shown && state.rivals;
    return (
      shown &&
      state.methods.includes(point.method) &&
      inside(point.lam, state.lam) &&
      (point.beta === Infinity || inside(point.beta, state.beta)) &&
      (point.front || point.certificate !== null || !state.front)
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

  const kindOf = (row) => [row.dataset, row.seed, row.method].join(":");

  /** The first point with the smallest bound of each data set, seed and method; `by` is "theorem" or "klForm". Not the curves of
      Figure 2, which are no bounds, nor the posteriors with a certificate, which were looked for by themselves. */
  function best(rows, by) {
    const found = new Map();
    for (const row of rows.filter((row) => !row.floor && row.certificate === null)) {
      const key = kindOf(row);
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
    ["test_error", "testError", "test error", 6],
    ["certificate", "certificate", "certificate", 6],
    ["chance", "chance", "chance", 6],
    ["front", "front", "on the front"],
  ];

  /** Without columns that have no number at all. */
  const columns = (rows) => COLUMNS.filter(([, field]) => rows.some((row) => row[field] !== null));

  function csv(rows) {
    const shown = columns(rows);
    const lines = rows.map((row) => shown.map(([, field]) => {
      const value = row[field];
      return value === null ? "" : typeof value === "boolean" ? (value ? "True" : "False") : dom.exact(value);
    }));
    return [shown.map(([name]) => name), ...lines].map((line) => line.join(",") + "\n").join("");
  }

  /** The certificate of each data set, seed and method that has one. */
  const certificates = (rows) => new Map(rows.filter((row) => row.certificate !== null).map((row) => [kindOf(row), row.certificate]));

  Explorer.points = { read, view, best, certificates, kindOf, csv, columns };
})((window.Explorer = window.Explorer || {}));
