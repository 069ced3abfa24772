/* Lemma 4.2 for one weight: the best prior variance is the posterior's plus the squared displacement, so that the three
   standard deviations are the sides of a right triangle; above it the two densities. */
(function (Movable) {
  "use strict";

  const { svg, number } = Explorer.dom;
  const { axes } = Explorer;

  /** (7) and (8): variances of posterior and prior (lam nu_1), E = h nu_0 / 2 and the KL. */
  function lemma(h, displacement, beta) {
    const square = displacement ** 2, root = Math.sqrt(h * h + (4 * beta * h) / square);
    const posterior = (2 * beta) / (h + root), prior = posterior + square;
    return { posterior, prior, loss: (h * posterior) / 2, kl: Math.log1p(square / posterior) / 2 };
  }

  Movable.lemma42 = lemma;

  Movable.kinds.pythagoras = (data) => ({
    label: "One weight: densities of prior and posterior, and below them a right triangle of the displacement, the posterior's standard deviation and the prior's.",
    controls: [
      { name: "displacement", label: "Δ, displacement of the weight", from: 0.1, to: 4, start: data.displacement },
      { name: "h", label: "h, curvature of the loss", from: 0.05, to: 500, start: data.h, log: true },
      { name: "beta", label: "β, price of a nat", from: 0.01, to: 100, start: data.beta, log: true },
    ],
    draw({ displacement, h, beta }, width) {
      const { posterior, prior, loss, kl } = lemma(h, displacement, beta), [s0, s1] = [posterior, prior].map(Math.sqrt);
      const size = { width, height: Math.round(0.66 * width), left: 40, right: 8, top: 8, bottom: 40 };
      const wide = [-2.5, 5.5], unit = (width - size.left - size.right) / (wide[1] - wide[0]);
      const high = (size.height - size.top - size.bottom) / unit, x = axes.linear(wide, [size.left, width - size.right]);
      const low = -0.36 * high, y = axes.linear([low, high + low], [size.height - size.bottom, size.top]);
      const steps = Array.from({ length: 241 }, (_, i) => wide[0] + ((wide[1] - wide[0]) * i) / 240);
      const tallest = 0.9 * (-low), density = (mean, s) => (w) => tallest * Math.min(1, 0.5 / s) * Math.exp(-(((w - mean) / s) ** 2) / 2) + low;
      const curve = (of, name) => svg("path", { class: name, d: axes.path(steps.map((w) => [x(w), y(of(w))])) });
      const side = (from, to, name) => svg("line", { class: name, x1: x(from[0]), y1: y(from[1]), x2: x(to[0]), y2: y(to[1]) });
      const text = (at, words, anchor = "start") => svg("text", { x: x(at[0]), y: y(at[1]), "text-anchor": anchor }, words);
      const corner = Math.min(0.25, s0 / 3, displacement / 3), right = [[displacement - corner, 0], [displacement - corner, corner], [displacement, corner]];
      return {
        drawing: Movable.plot(size, x, y, ["weight", "standard deviation"],
          svg("line", { class: "explorer-grid", x1: x(wide[0]), x2: x(wide[1]), y1: y(0), y2: y(0) }),
          curve(density(0, s1), "movable-prior"), curve(density(displacement, s0), "movable-posterior"),
          svg("path", { class: "movable-triangle", d: `${axes.path([[0, 0], [displacement, 0], [displacement, s0]].map(([a, b]) => [x(a), y(b)]))}Z` }),
          side([0, 0], [displacement, 0], "movable-side"), side([displacement, 0], [displacement, s0], "movable-side movable-of-posterior"),
          side([0, 0], [displacement, s0], "movable-side movable-of-prior"),
          svg("path", { class: "movable-corner", d: axes.path(right.map(([a, b]) => [x(a), y(b)])) }),
          text([displacement / 2, -0.3], "Δ", "middle"), text([displacement + 0.1, s0 / 2], "posterior σ₀"),
          text([displacement / 2 - 0.15, s0 / 2 + 0.1], "prior σ₁", "end")),
        words: [
          `Prior variance ${number(prior, 4)} = posterior variance ${number(posterior, 4)} + displacement² ${number(displacement ** 2, 4)}.`,
          `Expected quadratic loss ${number(loss, 3)}, KL ½ ln(1 + Δ²/σ₀²) = ${number(kl, 3)} nats, loss plus β KL ${number(loss + beta * kl, 3)}.`,
        ],
      };
    },
  });
})((window.Movable = window.Movable || {}));
