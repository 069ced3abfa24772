/* Scales from numbers to pixels, with their ticks, and the frame of a plot. */
(function (Explorer) {
  "use strict";

  const { svg, number } = Explorer.dom;

  function scale(transform, domain, [from, to], ticks) {
    const [low, high] = domain.map(transform);
    const place = (value) => from + ((transform(value) - low) / (high - low)) * (to - from);
    return Object.assign(place, { domain, ticks });
  }

  /** ticks(count): round steps, at most about `count` of them. */
  function linear(domain, range) {
    const [low, high] = domain;
    return scale((value) => value, domain, range, (count) => {
      const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough);
      const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
      return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
    });
  }

  /** ticks(): powers of ten, and 2 and 5 between them where there is room. */
  function log(domain, range) {
    const [low, high] = domain, parts = high / low > 1e3 ? [1] : [1, 2, 5];
    return scale(Math.log, domain, range, () => {
      const ticks = [];
      for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) ticks.push(...parts.map((m) => Number(`${m}e${e}`)));
      return ticks.filter((x) => low <= x && x <= high);
    });
  }

  /** The ends of the complexity axis. The linear one is as in the figures (NEARLY): up to just above the simplest point that is
      nearly perfect, or just above 1 where that is lower. With more examples than there were, 1 shrinks as complexities do.
      The logarithmic one takes in everything. */
  function heights(rows, axis) {
    const complexities = (of) => of.map((row) => row.complexity), all = complexities(rows);
    const shrunk = Math.min(1, ...rows.map((row) => Math.sqrt(row.examples / row.n)));
    if (axis === "log") return [0.8 * Math.min(0.1, ...all), 1.25 * Math.max(0.84 * shrunk, ...all)];
    const good = complexities(rows.filter((row) => row.accuracy >= 1 - (1 - Explorer.nearly) * row.chance));
    return [0, Math.max(1.05 * shrunk, 1.1 * (good.length ? Math.min(...good) : Math.max(...all)))];
  }

  /** Grid, ticks, axes and what they are; size: width, height and the margins. */
  function frame({ width, height, left, right, top, bottom }, x, y, labels) {
    const floor = height - bottom, group = svg("g", { "aria-hidden": "true" });
    const line = (x1, y1, x2, y2) => svg("line", { x1, y1, x2, y2, class: "explorer-grid" });
    for (const value of x.ticks(width < 420 ? 4 : 6)) {
      group.append(line(x(value), top, x(value), floor),
        svg("text", { x: x(value), y: floor + 15, "text-anchor": "middle" }, number(value)));
    }
    for (const value of y.ticks(6)) {
      group.append(line(left, y(value), width - right, y(value)),
        svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value)));
    }
    group.append(
      svg("path", { class: "explorer-axis", d: `M${left} ${top}V${floor}H${width - right}` }),
      svg("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, labels[0]),
      svg("text", { transform: `translate(12 ${(top + floor) / 2}) rotate(-90)`, "text-anchor": "middle" }, labels[1]),
    );
    return group;
  }

  /** A line through points, interrupted where one has no place. */
  function path(points) {
    let pen = "M";
    return points.map(([x, y]) => {
      const step = Number.isFinite(y) ? `${pen}${x.toFixed(2)},${y.toFixed(2)}` : "";
      pen = step ? "L" : "M";
      return step;
    }).join("");
  }

  Explorer.axes = { linear, log, heights, frame, path };
})((window.Explorer = window.Explorer || {}));
