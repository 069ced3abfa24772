/* Puts the page together: one state, from which everything is drawn anew after each change. */
(function (Explorer) {
  "use strict";

  const { dom, points, state: states, chart, controls, tables } = Explorer;
  const { html, integer } = dom;

  function start(root, data) {
    const every = points.read(data), ids = new Set(every.map((point) => point.id)), fields = states.fields(data, ids);
    const methods = new Map([...data.methods, ...data.curves, ...data.rivals].map((method) => [method.name, method]));
    const titles = new Map([...data.datasets, ...methods.values()].map(({ name, title }) => [name, title]));
    Explorer.nearly = data.nearly;
    let state = states.initial(data), shown = [], rows = [], touched = false; // rows: what is shown, without the curves of Figure 2

    const control = controls.build(data, (changed) => change(changed));
    const panels = new Map(data.datasets.map((dataset) =>
      [dataset.name, new chart.Panel(dataset, methods, (id) => change({ point: id }))]));
    const part = (name, attributes = {}) => html("div", { class: `explorer-${name}`, ...attributes });
    const message = part("message", { role: "alert", hidden: true });
    const whatIf = html("p", { class: "explorer-what-if", hidden: true });
    const legend = part("legends"), grid = part("panels"), detail = part("details", { "aria-live": "polite" }), best = part("best-table");
    const status = html("p", { class: "explorer-status visually-hidden", role: "status" });
    const allRows = part("rows"), folded = html("details", { ontoggle: () => showAll() }, html("summary", {}, "All these points as a table"), allRows);
    const save = html("button", { type: "button", class: "explorer-save", onclick: download });
    const link = html("input", { type: "text", readonly: true, "aria-label": "Link to this view", onfocus: () => link.select() });
    const copied = html("span", { role: "status" });
    const copy = html("button", { type: "button", onclick: copyLink }, "Copy the link");
    const reset = html("button", { type: "button", onclick: () => change(states.initial(data)) }, "Back to the start");
    const stale = data.networks.filter((network) => network.stale);

    root.replaceChildren(
      message,
      html("div", { class: "explorer-columns" },
        control.filters,
        html("div", { class: "explorer-main" },
          control.sliders, whatIf, legend,
          html("div", { class: "explorer-beside" }, grid, html("section", {}, html("h3", {}, "The selected point"), detail)))),
      html("h3", {}, "The best points"), best, status,
      html("h3", {}, "Take it along"),
      html("p", { class: "explorer-actions" }, save, reset),
      html("p", { class: "explorer-actions" }, link, copy, copied),
      folded);
    if (stale.length) {
      const names = [...new Set(stale.map((network) => titles.get(network.dataset)))].join(", ");
      root.prepend(html("p", { class: "explorer-stale" }, `Stale results, computed by other code than the present one: ${names}.`));
    }

    function change(changed) {
      state = { ...state, ...changed };
      touched = true;
      schedule();
    }

    let frame = 0, later = 0;
    function schedule() {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        draw();
      });
    }

    function draw() {
      shown = points.view(every, state);
      rows = shown.filter((row) => !row.floor);
      const winners = points.best(rows, state.best), marked = new Set(winners.map((row) => row.id));
      control.show(state);
      legend.replaceChildren(chart.legend(data.methods, { curves: state.curves ? data.curves : [], rivals: state.rivals ? data.rival_groups : [], certified: rows.some((row) => row.certificate !== null) }));
      showPanels(marked);
      const what = data.datasets.filter(({ name, examples }) => state.datasets.includes(name) && state.n !== null && state.n !== examples);
      whatIf.hidden = !what.length;
      whatIf.textContent = what.length ? whatIfWords(what) : "";
      showDetails();
      keepFocus(best, () => best.replaceChildren(tables.best(winners, points.certificates(rows), titles, state.best, (id) => change({ point: id }))));
      save.textContent = `Download the ${integer(rows.length)} points that pass the filters (CSV)`;
      save.disabled = !rows.length;
      const fragment = states.write(state, fields);
      link.value = location.href.replace(/#.*$/, "") + fragment;
      copied.textContent = "";
      showAll();
      clearTimeout(later); // browsers refuse a hundred changes of the address in a row, and readers of screens a flood
      later = setTimeout(() => {
        status.textContent = tables.summary(rows, winners, titles, state.best);
        if (touched) history.replaceState(null, "", fragment);
      }, 300);
    }

    function showPanels(marked) {
      const chosen = data.datasets.filter((dataset) => state.datasets.includes(dataset.name));
      const elements = chosen.map((dataset) => panels.get(dataset.name).element);
      if (elements.length !== grid.children.length || elements.some((element, i) => element !== grid.children[i])) {
        grid.replaceChildren(...(elements.length ? elements : [html("p", {}, "Choose a data set.")]));
      }
      grid.dataset.count = chosen.length;
      for (const { name } of chosen) {
        panels.get(name).update({ rows: shown.filter((row) => row.dataset === name), best: marked, state });
      }
    }

    function whatIfWords(what) {
      const real = what.map(({ title, examples }) => `${title} ${integer(examples)}`).join(", ");
      return `What if: with N = ${integer(state.n)} only the bounds change. The accuracies and divergences stay those of ` +
        `the networks trained on the real number of examples (${real}).`;
    }

    function showDetails() {
      const chosen = shown.find((row) => row.id === state.point);
      const words = state.point === null
        ? "None. Click or tap a mark, or move with the arrow keys in a panel and press Enter."
        : "The selected point does not pass the filters.";
      detail.replaceChildren(chosen ? tables.details(chosen, titles) : html("p", {}, words));
    }

    function showAll() {
      if (folded.open) allRows.replaceChildren(tables.all(rows));
      else allRows.replaceChildren();
    }

    /** The buttons of a table are made anew: whoever was on one stays on its successor. */
    function keepFocus(element, update) {
      const index = [...element.querySelectorAll("button")].indexOf(document.activeElement);
      update();
      if (index >= 0) element.querySelectorAll("button")[index]?.focus();
    }

    function download() {
      const address = URL.createObjectURL(new Blob([points.csv(rows)], { type: "text/csv" }));
      html("a", { href: address, download: "explorer-points.csv" }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10000);
    }

    async function copyLink() {
      try {
        await navigator.clipboard.writeText(link.value);
        copied.textContent = "Copied.";
      } catch {
        link.focus();
        copied.textContent = "Selected: copy it with the keyboard or the menu.";
      }
    }

    function follow() {
      const fragment = location.hash;
      if (!fragment || (!states.isView(fragment) && document.getElementById(fragment.slice(1)))) return;
      const { state: wanted, problems } = states.isView(fragment)
        ? states.read(fragment, fields, states.initial(data))
        : { state, problems: [`“${fragment}” is neither a view nor a place on this page.`] };
      state = wanted;
      message.hidden = !problems.length;
      message.replaceChildren(
        html("strong", {}, "Not all of this link was understood. The rest is shown."),
        html("ul", {}, ...problems.map((problem) => html("li", {}, problem))),
        html("button", { type: "button", onclick: () => (message.hidden = true) }, "Close"));
    }

    addEventListener("hashchange", () => {
      if (location.hash !== states.write(state, fields)) {
        follow();
        draw();
      }
    });
    let width = 0;
    new ResizeObserver(() => {
      if (grid.clientWidth !== width) {
        width = grid.clientWidth;
        schedule();
      }
    }).observe(grid);
    follow();
    draw();
  }

  const root = document.getElementById("explorer-page");
  try {
    start(root, Explorer.data);
  } catch (error) {
    root.append(html("p", { role: "alert", class: "explorer-message" }, `The explorer could not start: ${error.message}`));
    throw error;
  }
})((window.Explorer = window.Explorer || {}));
