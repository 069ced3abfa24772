/* Figures 2 and 3 in their place: the explorer's panels with the points of the page. */
(function (Movable) {
  "use strict";

  const { html } = Explorer.dom;
  const { chart, points, tables } = Explorer;

  Movable.kinds.fronts = (data) => {
    Explorer.nearly = data.nearly;
    const methods = new Map([...data.methods, ...data.curves].map((method) => [method.name, method]));
    const titles = new Map([...data.datasets, ...methods.values()].map(({ name, title }) => [name, title]));
    const state = { datasets: data.datasets.map(({ name }) => name), seeds: data.seeds, methods: data.methods.map(({ name }) => name),
      lam: [0, Infinity], beta: [0, Infinity], front: false, n: null, delta: data.delta, best: "theorem", axis: "linear", point: null, curves: true };
    const rows = points.view(points.read(data), state), best = new Set(points.best(rows, state.best).map(({ id }) => id));
    const details = html("div", { class: "explorer-details", "aria-live": "polite" });
    const panels = data.datasets.map((dataset) => new chart.Panel(dataset, methods, select));
    const used = new Set(rows.map((row) => row.method)), kept = (list) => list.filter(({ name }) => used.has(name));
    const drawing = html("div", { class: "explorer" },
      chart.legend(kept(data.methods), { curves: kept(data.curves), regions: data.regions }),
      html("div", { class: "explorer-panels", "data-count": panels.length }, ...panels.map((panel) => panel.element)),
      html("p", { class: "movable-hint" }, "Point at a mark, or go along the marks with the arrow keys; Enter or a tap shows all of its numbers."), details);

    function select(id) {
      state.point = id;
      show();
    }

    function show() {
      for (const panel of panels) {
        const here = rows.filter((row) => row.dataset === panel.dataset.name);
        panel.update({ rows: here, best, state, regions: data.regions, tested: !data.regions, above: "the explorer shows them" });
      }
      const chosen = rows.find((row) => row.id === state.point);
      details.replaceChildren(...(chosen ? [tables.details(chosen, titles)] : []));
    }

    return {
      draw() {
        requestAnimationFrame(show); // when it has its width
        return { drawing };
      },
    };
  };
})((window.Movable = window.Movable || {}));
