/* One panel: a data set's points, complexity against accuracy, in SVG. It is a list box, so that one tab stop and the arrow
   keys reach every point and a screen reader names them. It draws what it is given and keeps only which point is looked at. */
(function (Explorer) {
  "use strict";

  const { axes, bounds } = Explorer;
  const { html, svg, number } = Explorer.dom;
  const SHAPES = {
    // matplotlib's names; all of nearly the same area, but for the dots along a curve
    ".": "M2.4 0A2.4 2.4 0 1 1-2.4 0A2.4 2.4 0 1 1 2.4 0Z",
    o: "M4.4 0A4.4 4.4 0 1 1-4.4 0A4.4 4.4 0 1 1 4.4 0Z",
    s: "M-4-4H4V4H-4Z",
    "^": "M0-5L4.8 3.6H-4.8Z",
    v: "M0 5L4.8-3.6H-4.8Z",
    P: "M-1.7-5H1.7V-1.7H5V1.7H1.7V5H-1.7V1.7H-5V-1.7H-1.7Z",
    X: "M-4.7-2.3L-2.3-4.7L0-2.4L2.3-4.7L4.7-2.3L2.4 0L4.7 2.3L2.3 4.7L0 2.4L-2.3 4.7L-4.7 2.3L-2.4 0Z",
    "*": "M0-6L1.5-2L5.7-1.9L2.4.8L3.5 4.9L0 2.5L-3.5 4.9L-2.4.8L-5.7-1.9L-1.5-2Z",
  };
  const DIAMOND = "M0-11L11 0L0 11L-11 0Z"; // around a posterior of the paper that has a certificate
  const STEPS = {
    // across the series, along one
    ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowUp: [1, 0], ArrowDown: [-1, 0], Home: [0, -Infinity], End: [0, Infinity],
  };
  const REACH = { mouse: 20, pen: 24, touch: 32 }; // pixels around a point that count as on it

  /** A mark by itself, for legends: a drawing that is hidden from screen readers. */
  function key(...drawn) {
    return svg("svg", { class: "explorer-key", viewBox: "-12 -8 24 16", "aria-hidden": "true" }, ...drawn);
  }

  const mark = (method, attributes) =>
    svg("path", { d: SHAPES[method.marker], ...coloured(method), ...attributes });

  /** A curve without a colour of its own has that of the text. */
  const coloured = (method) => ({ style: `--method: ${method.colour ?? "var(--ink)"}` });

  const line = (x1, y1, x2, y2, name) => svg("line", { x1, y1, x2, y2, class: name });

  /** What a point is, in parts: where, and lines of numbers. */
  function facts(row, method) {
    const place = [...(row.lam === null ? [] : [`λ ${number(row.lam, 3)}`]), ...(row.beta === null || row.beta === Infinity ? [] : [`β ${number(row.beta, 3)}`])];
    if (row.rival) place.push(`${row.examples.toLocaleString("en-US")} examples counted`);
    const optional = (name, value) => (value === null ? [] : [`${name} ${number(value)}`]);
    const numbers = [[`accuracy ${number(row.accuracy)}`, `complexity ${number(row.complexity)}`]];
    if (row.floor) numbers.push([`error plus complexity ${number(row.theorem)}`, "no bound: its prior has seen the data"]);
    else numbers.push([`Theorem 3.1 ${number(row.theorem)}`, `kl inverse ${number(row.klForm)}`],
      [...optional("test error", row.testError), ...optional("certificate", row.certificate)]);
    return { title: `${method.title}, seed ${row.seed}`, place: place.join(", "), numbers: numbers.filter((line) => line.length) };
  }

  function words(row, method) {
    const { title, place, numbers } = facts(row, method);
    return `${title}, ${place}: ${numbers.flat().join(", ")}`;
  }

  class Panel {
    /** methods: by name, those of the points, of the curves of Figure 2 and the rivals. */
    constructor(dataset, methods, select) {
      Object.assign(this, { dataset, methods, select, drawn: [], active: null });
      this.plot = svg("svg", {
        class: "explorer-plot", tabindex: 0,
        onpointermove: (event) => this.look(this.nearest(event)),
        onpointerleave: () => this.look(null),
        onclick: (event) => this.choose(this.nearest(event)),
        onkeydown: (event) => this.press(event),
        onblur: () => this.look(null),
      });
      this.tip = html("div", { class: "explorer-tip", "aria-hidden": "true", hidden: true });
      this.caption = html("p", { class: "explorer-count" });
      this.element = html("figure", { class: "explorer-panel" },
        html("figcaption", {}, dataset.title), html("div", { class: "explorer-frame" }, this.plot, this.tip), this.caption);
    }

    /** view: rows of this data set, best (ids), state, regions (whether to shade those of Figure 2), tested (whether to draw the fronts
        on the test set), above (what is said of points that are too high). Draws everything anew; the element itself keeps the focus. */
    update(view) {
      this.view = view;
      const { rows, state } = view, width = Math.round(this.plot.parentNode.clientWidth) || 340;
      this.size = { width, height: Math.round(Math.min(Math.max(0.8 * width, 270), 420)), left: 48, right: 10, top: 8, bottom: 40 };
      const { height } = this.size;
      this.plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.plot.setAttribute("height", height);
      this.scales(rows, state);
      const rank = (row) => row.front - 2 * Boolean(row.floor) + 2 * view.best.has(row.id) + 4 * (row.id === state.point); // what matters lies on top
      const inside = rows.filter((row) => row.complexity <= this.y.domain[1]);
      this.drawn = [...inside].sort((a, b) => rank(a) - rank(b));
      // The order of the keys: networks and methods one after the other, each from the least to the most complex.
      this.series = [...groupBy(inside, seriesOf).values()];
      for (const points of this.series) points.sort((a, b) => a.complexity - b.complexity || a.accuracy - b.accuracy);
      this.halo = svg("g", { "aria-hidden": "true" });
      const labels = ["Training accuracy of the noisy network", "Complexity"];
      this.plot.replaceChildren(axes.frame(this.size, this.x, this.y, labels), this.lines(rows, view), this.marks(state), this.halo);
      const some = this.drawn.length > 0;
      this.plot.setAttribute("role", some ? "listbox" : "img");
      this.plot.setAttribute("aria-label", some
        ? `${this.dataset.title}: points by accuracy and complexity. Arrow keys move, Enter selects.`
        : `${this.dataset.title}: no point to show.`);
      this.count(rows);
      this.look(this.drawn.find((row) => row.id === this.active?.id) ?? null);
    }

    scales(rows, state) {
      const { width, height, left, right, top, bottom } = this.size, chance = 1 / this.dataset.classes, wide = 1 - chance;
      const least = Math.min(chance - 0.08 * wide, ...rows.map((row) => row.accuracy - 0.02));
      this.x = axes.linear([least, 1 + 0.03 * wide], [left, width - right]);
      const valid = rows.filter((row) => !row.floor);
      const heights = axes.heights(valid.length ? valid : rows, state.axis);
      this.y = (state.axis === "log" ? axes.log : axes.linear)(heights, [height - bottom, top]);
    }

    /** Where the bounds become vacuous, and each network's fronts; what leaves the panel is cut. In these coordinates
        the lines of Theorem 3.1 are straight, and the same for all N and delta. */
    lines(rows, { state, regions, tested }) {
      const { width, height, left, right, top, bottom } = this.size, clip = `explorer-clip-${this.dataset.name}`;
      const n = state.n ?? this.dataset.examples, chance = 1 - 1 / this.dataset.classes, [least] = this.x.domain;
      const levels = Array.from({ length: 201 }, (_, i) => least + ((1 - least) * i) / 200);
      const draw = (points) => axes.path(points.map(([accuracy, complexity]) => [this.x(accuracy), this.y(complexity)]));
      const curve = (name, height) => svg("path", { class: `explorer-line ${name}`, d: draw(levels.map((a) => [a, height(a)])) });
      const fronts = (name, accuracy) => [...groupBy(rows.filter((row) => row.front && accuracy(row) !== null), seriesOf).values()].map((front) =>
        svg("path", {
          class: name, ...coloured(this.methods.get(front[0].method)),
          "stroke-dasharray": this.methods.get(front[0].method).dash ?? false,
          d: draw(front.sort((a, b) => a.complexity - b.complexity).map((row) => [accuracy(row), row.complexity])),
        }));
      return svg("g", { "aria-hidden": "true", "clip-path": `url(#${clip})` },
        svg("clipPath", { id: clip }, svg("rect", { x: left, y: top, width: width - left - right, height: height - top - bottom })),
        ...(regions ? this.regions(rows, levels, chance, draw) : []),
        curve("explorer-one", (a) => a),
        curve("explorer-chance", (a) => a - 1 + chance),
        curve("explorer-kl-chance", (a) => bounds.klFormVacuous(a, chance, n, state.delta)),
        ...(tested ? fronts("explorer-front explorer-tested", (row) => (row.floor || row.testError === null ? null : 1 - row.testError)) : []),
        ...fronts("explorer-front", (row) => row.accuracy));
    }

    /** Figure 2: what a computed pair of diagonal Gaussians is at least as accurate and at most as complex as, and where the bound
        would be below the error of guessing. */
    regions(rows, levels, chance, draw) {
      const diagonal = rows.filter((row) => this.methods.get(row.method).diagonal), top = this.y.domain[1];
      const least = (a) => Math.min(top, ...diagonal.filter((row) => row.accuracy >= a).map((row) => row.complexity));
      const area = (name, points) => svg("path", { class: name, d: `${draw(points)}Z` });
      const reach = levels.filter((a) => least(a) < top), [first] = levels, bottom = this.y.domain[0];
      return [
        ...(reach.length ? [area("explorer-feasible", [[reach.at(-1), top], [first, top], ...reach.map((a) => [a, least(a)])])] : []),
        area("explorer-useful", [[1 - chance, bottom], [1, bottom], [1, chance]]),
      ];
    }

    marks(state) {
      const group = svg("g", { role: "presentation" });
      for (const row of this.drawn) {
        const method = this.methods.get(row.method), chosen = row.id === state.point;
        const option = svg("g", {
          id: this.name(row), role: "option", "aria-selected": String(chosen), "aria-label": words(row, method),
          transform: `translate(${this.x(row.accuracy).toFixed(2)} ${this.y(row.complexity).toFixed(2)})`,
        }, mark(method, { class: row.front || row.certificate !== null ? "explorer-mark" : "explorer-mark explorer-behind" }));
        if (this.view.best.has(row.id)) option.append(svg("circle", { class: "explorer-best", r: 9 }));
        if (row.certificate !== null && !row.rival) option.append(svg("path", { class: "explorer-certified", d: DIAMOND })); // every rival has one
        if (chosen) option.append(svg("path", { class: "explorer-chosen", d: "M-16 0H-8M16 0H8M0-16V-8M0 16V8" }));
        group.append(option);
      }
      return group;
    }

    count(all) {
      const rows = all.filter((row) => !row.floor);
      if (!rows.length) {
        this.caption.textContent = "No point passes the filters.";
        return;
      }
      const beaten = (field) => rows.filter((row) => row[field] < row.chance).length, above = rows.filter((row) => !this.drawn.includes(row)).length;
      this.caption.textContent =
        `${rows.length} points. Better than guessing (${number(1 - 1 / this.dataset.classes)}): ` +
        `${beaten("theorem")} by Theorem 3.1, ${beaten("klForm")} by the kl inverse.` +
        (above ? ` ${above} lie above this axis; ${this.view.above ?? "the logarithmic one shows them"}.` : "");
    }

    name(row) {
      return `explorer-${row.id.replace(/:/g, "_")}`;
    }

    nearest(event) {
      const box = this.plot.getBoundingClientRect(), scale = this.size.width / box.width;
      const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
      let found = null, least = REACH[event.pointerType] ?? REACH.mouse;
      for (const row of this.drawn) {
        const distance = Math.hypot(this.x(row.accuracy) - x, this.y(row.complexity) - y);
        if (distance < least) [found, least] = [row, distance];
      }
      return found;
    }

    choose(row) {
      this.select(row ? row.id : null);
      this.look(row);
    }

    /** Show what a point is, beside it. */
    look(row) {
      this.active = row;
      this.tip.hidden = !row;
      this.halo?.replaceChildren();
      if (!row) return this.plot.removeAttribute("aria-activedescendant");
      this.plot.setAttribute("aria-activedescendant", this.name(row));
      const x = this.x(row.accuracy), y = this.y(row.complexity), { width, height } = this.size;
      this.halo.append(svg("circle", { class: "explorer-halo", cx: x, cy: y, r: 12 }));
      const { title, place, numbers } = facts(row, this.methods.get(row.method));
      this.tip.replaceChildren(html("strong", {}, title), ...[place, ...numbers.map((line) => line.join(", "))].flatMap((line) => [html("br"), line]));
      const [w, h] = [this.tip.offsetWidth, this.tip.offsetHeight];
      const over = y - h - 16 >= 0 ? y - h - 16 : Math.min(y + 16, height - h);
      this.tip.style.left = `${Math.max(0, Math.min(x - w / 2, width - w))}px`;
      this.tip.style.top = `${over}px`;
    }

    press(event) {
      const step = STEPS[event.key];
      if (event.altKey || event.ctrlKey || event.metaKey || !this.drawn.length) return;
      if (step) this.look(this.moved(...step));
      else if (this.active && (event.key === "Enter" || event.key === " ")) this.choose(this.active);
      else if (event.key === "Escape") this.choose(null);
      else return;
      event.preventDefault();
    }

    moved(across, along) {
      const chosen = this.drawn.find((row) => row.id === this.view.state.point);
      const now = this.active ?? chosen;
      if (!now) return this.series[0][0];
      const i = this.series.findIndex((points) => points.includes(now)), points = this.series[i];
      if (!across) return points[Math.max(0, Math.min(points.indexOf(now) + along, points.length - 1))];
      const other = this.series[(i + across + this.series.length) % this.series.length];
      const gap = (row) => Math.abs(row.accuracy - now.accuracy);
      return other.reduce((a, b) => (gap(a) <= gap(b) ? a : b));
    }
  }

  const seriesOf = (row) => `${row.seed}:${row.method}`;

  function groupBy(rows, keyOf) {
    const groups = new Map();
    for (const row of rows) {
      const key = keyOf(row);
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(row);
    }
    return groups;
  }

  /** curves: those of Figure 2; rivals: their groups; regions: whether its two are shaded; certified: whether there are certificates. */
  function legend(methods, { curves = [], rivals = [], regions = false, certified = false } = {}) {
    const sample = (name) => key(line(-11, 0, 11, 0, `explorer-line ${name}`));
    const along = (curve) => key(svg("path", { class: "explorer-front", d: "M-11 0H11", ...coloured(curve), "stroke-dasharray": curve.dash ?? false }),
      mark(curve, { class: "explorer-mark" }));
    const area = (name) => key(svg("path", { class: name, d: "M-11-6H11V6H-11Z" }));
    const item = (drawing, text) => html("li", {}, drawing, text);
    return html("ul", { class: "explorer-legend" },
      ...methods.map((method) => item(key(mark(method, { class: "explorer-mark" })), method.title)),
      ...curves.map((curve) => item(along(curve), curve.title)),
      ...rivals.map((group) => item(key(mark(group, { class: "explorer-mark" })), group.title)),
      ...(regions ? [item(area("explorer-feasible"), "feasible with diagonal covariances"), item(area("explorer-useful"), "a bound below chance")] : []),
      item(key(svg("circle", { class: "explorer-best", r: 6.5 })), "smallest bound of its method"),
      ...(certified ? [item(key(svg("path", { class: "explorer-certified", d: DIAMOND, transform: "scale(0.7)" })), "posterior with a certificate")] : []),
      item(sample("explorer-one"), "Theorem 3.1 = 1"),
      item(sample("explorer-chance"), "Theorem 3.1 = chance"),
      item(sample("explorer-kl-chance"), "kl inverse = chance"));
  }

  Explorer.chart = { Panel, legend };
})((window.Explorer = window.Explorer || {}));
