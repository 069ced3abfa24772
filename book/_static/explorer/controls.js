/* The filters and the sliders. Each reports a change as `change({field: value})`; `show(state)` sets them all. */
(function (Explorer) {
  "use strict";

  const { html, number, integer } = Explorer.dom;
  const { N, DELTA } = Explorer.state;

  /** A row of check boxes for a list of values, in the order of `options`: [value, label]. */
  function boxes(title, field, options, change) {
    const inputs = options.map(([value]) => html("input", { type: "checkbox", name: field, value, onchange }));
    function onchange() {
      change({ [field]: options.map(([value]) => value).filter((_, i) => inputs[i].checked) });
    }
    return {
      element: html("fieldset", {}, html("legend", {}, title),
        ...options.map(([, label], i) => html("label", {}, inputs[i], label))),
      show: (state) => inputs.forEach((input, i) => (input.checked = state[field].includes(options[i][0]))),
    };
  }

  /** From and to, among the values of the grid. A choice that would cross the other end takes that along. */
  function range(title, field, grid, change) {
    const select = (name, onchange) =>
      html("select", { name: `${field}-${name}`, "aria-label": `${title} ${name}`, onchange },
        ...grid.map((value) => html("option", { value }, number(value, 3))));
    const from = select("from", () => report(Number(from.value), Math.max(from.value, to.value)));
    const to = select("to", () => report(Math.min(from.value, to.value), Number(to.value)));
    const report = (...ends) => change({ [field]: ends });
    return {
      element: html("fieldset", { class: "explorer-range" }, html("legend", {}, title), from, html("span", {}, "to"), to),
      show: (state) => [from.value, to.value] = state[field].map(String),
    };
  }

  function choice(title, field, options, change) {
    const inputs = options.map(([value]) =>
      html("input", { type: "radio", name: field, value, onchange: () => change({ [field]: value }) }));
    return {
      element: html("fieldset", {}, html("legend", {}, title), ...options.map(([, label], i) => html("label", {}, inputs[i], label))),
      show: (state) => inputs.forEach((input, i) => (input.checked = state[field] === options[i][0])),
    };
  }

  /** A slider on a log scale with a field beside it for any valid number; `codec` is the one that reads links. */
  function slider(title, field, steps, value, codec, change) {
    const problem = html("p", { class: "explorer-problem", role: "alert", hidden: true });
    const bar = html("input", { type: "range", min: 0, max: steps, step: 1, name: `${field}-slider`, "aria-label": title,
      oninput: () => change({ [field]: value.at(Number(bar.value)) }) });
    const text = html("input", { type: "text", inputmode: "decimal", name: field, "aria-label": `${title}, exactly`,
      autocomplete: "off", spellcheck: "false", onchange: () => {
        const wanted = text.value.trim().replace(/[, _]/g, ""), read = codec.read(wanted);
        tell(read.problem && `${read.problem}; got “${text.value}”.`);
        if (!read.problem) change({ [field]: read.value });
      } });
    function tell(message) {
      problem.hidden = !message;
      problem.textContent = message || "";
      text.setAttribute("aria-invalid", String(Boolean(message)));
    }
    return {
      element: html("div", { class: "explorer-slider" }, html("span", { class: "explorer-label" }, title), bar, text, problem),
      show(shown, words) {
        tell();
        text.value = words;
        bar.value = value.position(shown);
        bar.setAttribute("aria-valuetext", words);
      },
    };
  }

  const N_STEPS = 400, N_MOST = 1e9, DELTA_STEPS = 239;
  const N_SCALE = {
    at: (i) => Math.round(2 * (N_MOST / 2) ** (i / N_STEPS)),
    position: (n) => Math.round((N_STEPS * Math.log(n / 2)) / Math.log(N_MOST / 2)),
  };
  const DELTA_SCALE = {
    at: (i) => Number((10 ** (i / 20 - 12)).toPrecision(3)),
    position: (delta) => Math.round(20 * (Math.log10(delta) + 12)),
  };

  /** N: a slider, and a box to return to each data set's own. */
  function examples(data, change) {
    const bar = slider("N, examples", "n", N_STEPS, N_SCALE, N, change);
    const own = html("input", { type: "checkbox", name: "own", onchange: () => change({ n: own.checked ? null : sizes[0] }) });
    let sizes = [data.datasets[0].examples];
    bar.element.append(html("label", {}, own, "each data set’s own"));
    return {
      element: bar.element,
      show(state) {
        const chosen = data.datasets.filter((dataset) => state.datasets.includes(dataset.name));
        sizes = [...new Set((chosen.length ? chosen : data.datasets).map((dataset) => dataset.examples))];
        own.checked = state.n === null;
        bar.show(state.n ?? sizes[0], state.n === null ? sizes.map(integer).join(" / ") : integer(state.n));
      },
    };
  }

  function failure(change) {
    const bar = slider("δ, probability of failure", "delta", DELTA_STEPS, DELTA_SCALE, DELTA, change);
    return { element: bar.element, show: (state) => bar.show(state.delta, Explorer.dom.exact(state.delta)) };
  }

  function build(data, change) {
    const filters = [
      boxes("Data sets", "datasets", data.datasets.map((dataset) => [dataset.name, dataset.title]), change),
      boxes("Methods", "methods", data.methods.map((method) => [method.name, method.title]), change),
      boxes("Seeds", "seeds", data.seeds.map((seed) => [seed, String(seed)]), change),
      range("λ", "lam", data.lam, change),
      range("β (the baseline has none)", "beta", data.beta, change),
      choice("Points", "front", [[true, "each method’s front, as in Figures 3 and 4"], [false, "all that were counted"]], change),
      choice("Figure 2’s curves", "curves", [[false, "none"], [true, "of optimal priors that have seen the data"]], change),
      choice("Rivals of chapter 10", "rivals", [[false, "none"], [true, "all, each with its certificate (seed 0)"]], change),
      choice("Complexity axis", "axis", [["linear", "linear"], ["log", "logarithmic"]], change),
      choice("Smallest bound", "best", [["theorem", "by Theorem 3.1"], ["klForm", "by the kl inverse"]], change),
    ];
    const sliders = [examples(data, change), failure(change)];
    const folded = html("details", { class: "explorer-filters", open: matchMedia("(min-width: 60rem)").matches },
      html("summary", {}, "Filters"), ...filters.map((filter) => filter.element));
    return {
      filters: folded,
      sliders: html("div", { class: "explorer-sliders" }, ...sliders.map((part) => part.element)),
      show: (state) => [...filters, ...sliders].forEach((part) => part.show(state)),
    };
  }

  Explorer.controls = { build };
})((window.Explorer = window.Explorer || {}));
