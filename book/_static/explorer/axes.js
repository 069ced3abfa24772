/* Scales from numbers to pixels, with their ticks. */
(function (Explorer) {
  "use strict";

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

  /** The ends of the complexity axis. The linear one is as in the figures (plots.NEARLY): up to just above the simplest point
      that is nearly perfect, or just above 1 where that is lower. The logarithmic one takes in everything. */
  function heights(rows, axis) {
    const complexities = (of) => of.map((row) => row.complexity), all = complexities(rows);
    if (axis === "log") return [0.8 * Math.min(0.1, ...all), 1.25 * Math.max(0.84, ...all)];
    const good = complexities(rows.filter((row) => row.accuracy >= 1 - (1 - Explorer.data.nearly) * row.chance));
    return [0, Math.max(1.05, 1.1 * (good.length ? Math.min(...good) : Math.max(...all)))];
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

  Explorer.axes = { linear, log, heights, path };
})((window.Explorer = window.Explorer || {}));
