/* The loss of a network along a line through its trained weights, against the quadratic with the same value, slope and
   curvature there. Measured at points that are dense near the middle, so that one can look closely and from afar. */
(function (Movable) {
  "use strict";

  const { svg, number } = Explorer.dom;
  const { axes } = Explorer;

  /** ys at x, on straight lines between the xs, which rise. */
  function between(xs, ys, x) {
    const i = Math.min(Math.max(xs.findIndex((value) => value >= x), 1), xs.length - 1);
    return ys[i - 1] + ((ys[i] - ys[i - 1]) * (x - xs[i - 1])) / (xs[i] - xs[i - 1]);
  }

  Movable.kinds.along = (data) => ({
    label: "The measured loss along a line through the trained weights, and the quadratic.",
    controls: [
      { name: "direction", label: "Direction", options: data.directions.map(({ name }) => [name, name]), start: data.directions[0].name },
      { name: "reach", label: "how far one looks", from: data.from, to: data.to, start: data.start, log: true },
      { name: "at", label: "where, as a part of that", from: -1, to: 1, start: 0.8 },
    ],
    draw({ direction, reach, at }, width) {
      const { distance, loss, error, slope, curvature } = data.directions.find(({ name }) => name === direction);
      const quadratic = (t) => data.loss + slope * t + (curvature * t * t) / 2, measured = (t) => between(distance, loss, t);
      const steps = Array.from({ length: 201 }, (_, i) => (reach * (i - 100)) / 100);
      const most = Math.max(...steps.map(quadratic)), least = Math.min(...steps.map(measured), ...steps.map(quadratic));
      const top = Math.max(most, Math.min(Math.max(...steps.map(measured)), least + 4 * (most - least))), room = 0.06 * (top - least || 1);
      const size = { width, height: Math.round(0.62 * width), left: 62, right: 8, top: 8, bottom: 40 };
      const x = axes.linear([-reach, reach], [size.left, width - size.right]);
      const y = axes.linear([least - room, top + room], [size.height - size.bottom, size.top]);
      const curve = (of, name) => svg("path", { class: name, d: axes.path(steps.map((t) => [x(t), y(of(t))])) });
      const t = at * reach, [real, model] = [measured(t), quadratic(t)], rise = (value) => number(value - data.loss, 3);
      const dot = (value, name) => svg("circle", { class: name, cx: x(t), cy: y(value), r: 4.5 });
      return {
        drawing: Movable.plot(size, x, y, ["distance from the trained weights", "mean cross-entropy"],
          svg("line", { class: "explorer-grid", x1: x(t), x2: x(t), y1: size.top, y2: size.height - size.bottom }),
          curve(quadratic, "movable-model"), curve(measured, "movable-measured"), dot(model, "movable-dot-model"), dot(real, "movable-dot-measured")),
        words: [
          `At a distance of ${number(t, 3)} the quadratic (dashed) rises by ${rise(model)}, the loss (solid) by ${rise(real)}` +
            `${Math.abs(model - data.loss) > 1e-12 ? `, ${number((real - data.loss) / (model - data.loss), 3)} times as much` : ""}.`,
          `The loss at the trained weights is ${number(data.loss, 3)}; the network there errs on ${number(100 * between(distance, error, 0), 3)}% of its training examples, and here on ${number(100 * between(distance, error, t), 3)}%.`,
        ],
      };
    },
  });
})((window.Movable = window.Movable || {}));
