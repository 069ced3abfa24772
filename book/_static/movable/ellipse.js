/* Lemma 4.1 in two weights: the best posterior covariance beta (H + beta/lam I)^-1 as an ellipse of one standard deviation,
   between the valley of the loss, whose curvature is H, and the circle of the prior. */
(function (Movable) {
  "use strict";

  const { svg, number } = Explorer.dom;
  const { axes } = Explorer;

  /** Eigenvalues, the larger first, and the angle of the first eigenvector, of a symmetric [[a, b], [b, d]]. */
  function eigen([[a, b], [, d]]) {
    const middle = (a + d) / 2, reach = Math.hypot((a - d) / 2, b);
    return { values: [middle + reach, middle - reach], angle: Math.atan2(2 * b, a - d) / 2 };
  }

  /** Lemma 4.1 for Sigma_1 = I: each direction of H by itself. Covariance's eigenvalues, E = tr(H S)/2, KL(N(mean, S) || N(prior, lam I)). */
  function lemma({ hessian, mean, prior_mean: prior }, lam, beta) {
    const { values, angle } = eigen(hessian);
    const variances = values.map((h) => beta / (h + beta / lam));
    const loss = values.reduce((sum, h, i) => sum + (h * variances[i]) / 2, 0);
    const distance = mean.reduce((sum, value, i) => sum + (value - prior[i]) ** 2, 0);
    const kl = (distance / lam + variances.reduce((sum, v) => sum + v / lam - 1 - Math.log(v / lam), 0)) / 2;
    const c = Math.cos(angle), s = Math.sin(angle), [p, q] = variances;
    return { values, angle, variances, loss, kl, covariance: [p * c * c + q * s * s, (p - q) * c * s, p * s * s + q * c * c] };
  }

  Movable.lemma41 = lemma;

  Movable.kinds.ellipse = (data) => ({
    label: "Two weights: the loss as nested ellipses around the trained weights, the prior as a circle around the initial ones, the posterior as an ellipse.",
    controls: [
      { name: "lam", label: "λ, variance of the prior", from: 0.1, to: 10, start: data.lam, log: true },
      { name: "beta", label: "β, price of a nat", from: 0.01, to: 100, start: data.beta, log: true },
    ],
    draw({ lam, beta }, width) {
      const found = lemma(data, lam, beta), { angle, variances } = found;
      const size = { width, height: Math.round(0.78 * width), left: 40, right: 8, top: 8, bottom: 40 };
      const [mx, my] = [0, 1].map((i) => (data.mean[i] + data.prior_mean[i]) / 2), reach = 3.6;
      const inner = [width - size.left - size.right, size.height - size.top - size.bottom], tall = (reach * inner[1]) / inner[0];
      const x = axes.linear([mx - reach, mx + reach], [size.left, width - size.right]);
      const y = axes.linear([my - tall, my + tall], [size.height - size.bottom, size.top]);
      const unit = inner[0] / (2 * reach);
      const ellipse = (at, radii, turn, name) => svg("ellipse", { class: name, rx: radii[0] * unit, ry: radii[1] * unit,
        transform: `translate(${x(at[0])} ${y(at[1])}) rotate(${(-turn * 180) / Math.PI})` });
      const valley = [0.5, 2, 4.5, 8, 12.5].map((level) => ellipse(data.mean, found.values.map((h) => Math.sqrt((2 * level) / h)), angle, "movable-level"));
      const point = (at, text, below) => [svg("circle", { class: "movable-point", cx: x(at[0]), cy: y(at[1]), r: 3 }),
        svg("text", { x: x(at[0]) + 6, y: y(at[1]) + (below ? 16 : -6) }, text)];
      const [v11, v12, v22] = found.covariance.map((value) => number(value, 3));
      return {
        drawing: Movable.plot(size, x, y, ["first weight", "second weight"], ...valley,
          ellipse(data.prior_mean, [Math.sqrt(lam), Math.sqrt(lam)], 0, "movable-prior"),
          ellipse(data.mean, variances.map(Math.sqrt), angle, "movable-posterior movable-green"),
          ...point(data.mean, "μ₀, trained"), ...point(data.prior_mean, "μ₁, initial", true)),
        words: [
          `Posterior Σ₀ = [[${v11}, ${v12}], [${v12}, ${v22}]]; standard deviations ${variances.map((v) => number(Math.sqrt(v), 3)).join(" along the steep direction and ")} along the flat one; ${number(Math.sqrt(lam), 3)} for the prior.`,
          `Expected quadratic loss ${number(found.loss, 3)}, KL ${number(found.kl, 3)} nats, loss plus β KL ${number(found.loss + beta * found.kl, 3)}.`,
        ],
      };
    },
  });
})((window.Movable = window.Movable || {}));
