"""Chapter 05 and the proof of Lemma 5.1: the cells run, and stop by the equation's name when a formula in them is changed."""

from lecture import cells, mutants, stops

CHAPTER, PROOF = "05_layerwise_curvature", "proof_lemma_51"

# (old, new, the name of what then does not hold) in the chapter's own cells
MUTANTS = [
    # the worked example
    ("sp.Matrix([3, 3]), sp.Matrix([1, -1])]", "sp.Matrix([3, 3]), sp.Matrix([1, 1])]", "second moment of the example"),
    ("for x in z), sp.zeros(2)) / 2", "for x in z), sp.zeros(2))", "second moment of the example"),
    # curvature from gradients
    ("softmax - e[:, 0])\nMath", "softmax + e[:, 0])\nMath", "gradient of the cross-entropy"),
    ("slope, softmax - e[:, 0])", "slope, softmax - e[:, 1])", "gradient of the cross-entropy"),
    ("loss = -sp.log(softmax[0])", "loss = sp.log(softmax[0])", "gradient of the cross-entropy"),
    ("return sp.diag(*p) - p * p.T", "return sp.diag(*p) + p * p.T", "S, the inner Hessian"),
    ("return sp.diag(*p) - p * p.T", "return sp.diag(*p)", "S, the inner Hessian"),
    ("return sp.diag(*p) - p * p.T", "return 2 * (sp.diag(*p) - p * p.T)", "S, the inner Hessian"),
    ("return sp.diag(*p) - p * p.T", "return sp.diag(*[c**2 for c in p]) - p * p.T", "S, the inner Hessian"),
    ("(path.diff(t).T * S(q) * path.diff(t))[0]", "(path.diff(t).T * path.diff(t))[0]", "chain rule"),
    ("GGN + rest)", "GGN - rest)", "chain rule"),
    ("GGN + rest)", "GGN)", "chain rule"),
    ("((q - e[:, 0]).T * path.diff(t, 2))[0]", "((q - e[:, 0]).T * path.diff(t))[0]", "chain rule"),
    ("scores = [e[:, y] - p for", "scores = [e[:, y] for", "GGN = Fisher"),
    ("scores = [e[:, y] - p for", "scores = [2 * (e[:, y] - p) for", "GGN = Fisher"),
    ("sum((p[y] * scores[y]", "sum((scores[y]", "GGN = Fisher"),
    ("* (g1 * g1.T + g2 * g2.T) / 2", "* (g1 * g1.T + g2 * g2.T)", "(10) is unbiased"),
    ("* (g1 * g1.T + g2 * g2.T) / 2", "* (g1 * g1.T - g2 * g2.T) / 2", "(10) is unbiased"),
    ("(y - q[n]) * z[n]", "(y + q[n]) * z[n]", "(10) is unbiased"),
    ("q[n] if y else 1 - q[n]", "sp.Rational(1, 2)", "(10) is unbiased"),  # labels drawn without the model
    ("q[n] if y else 1 - q[n]", "1 if y else 0", "(10) is unbiased"),  # the labels of the data
    ("v[n]: q[n] * (1 - q[n]) for", "v[n]: q[n] for", "(10) is unbiased"),
    ("predicted[n] * (1 - predicted[n])", "predicted[n]", "F is smaller along it"),
    ("(u.T * matrix * u)[0] / u.dot(u)", "-(u.T * matrix * u)[0] / u.dot(u)", "H is larger along the large input"),
    # fading
    ("1 / (1 + u)  # the label", "1 / (1 + u) ** 2  # the label", "bound of tr S"),
    (".trace(), 2 * u", ".trace(), u", "bound of tr S"),
    (".trace(), 2 * u", ".trace(), 2 * u**2", "bound of tr S"),
    ("s**2 * trace.subs(u, sp.exp(-s * m))", "s**2 * trace.subs(u, sp.exp(-m))", "fading"),
    ("2 * (K - 1) * np.exp(-margin)", "(K - 1) * np.exp(-margin)", "bound of tr S for five classes"),
    ("2 * (K - 1) * np.exp(-margin)", "2 * K * np.exp(-margin)", "bound of tr S for five classes"),
    ("2 * (K - 1) * np.exp(-margin)", "2 * (K - 1) * np.exp(-2 * margin)", "bound of tr S for five classes"),
    # Sherman-Morrison
    ("return B - w * (B * g)", "return B + w * (B * g)", "Sherman-Morrison"),
    ("/ (1 + w * (g.T * B * g)[0])\n\n", "/ (1 - w * (g.T * B * g)[0])\n\n", "Sherman-Morrison"),
    ("/ (1 + w * (g.T * B * g)[0])\n\n", "/ (1 + (g.T * B * g)[0])\n\n", "Sherman-Morrison"),
    ("return B - w * (B * g) * (B * g).T", "return B - (B * g) * (B * g).T", "Sherman-Morrison"),
    ("return B - w * (B * g) * (B * g).T", "return B - w * (B * g) * g.T", "Sherman-Morrison"),
    ("grown.det() * B.det(), 1 + w", "grown.det() * B.det(), 1 - w", "determinant lemma"),
    ("grown.det() * B.det(), 1 + w *", "grown.det() * B.det(), 1 +", "determinant lemma"),
    ("grown.det() * B.det()", "grown.det() / B.det()", "determinant lemma"),
    ("updated(steps[-1], row, sp.Rational(1, 2))", "updated(steps[-1], row, 1)", "the recursion"),
    ("(H + sp.eye(2)).inv())", "(H + 2 * sp.eye(2)).inv())", "the recursion"),
    ("np.eye(2), beta=1.0)", "np.eye(2), beta=2.0)", "Lemma 4.1"),
    # Lemma 5.1
    ("output / sp.sqrt(N), own)", "output, own)", "the missing 1/sqrt(N)"),
    ("sp.sqrt(N * eta**2)  # |f_W", "N * eta**2  # |f_W", "the missing 1/sqrt(N)"),
    ("residual = W * Z - T", "residual = W * Z + T", r"E_l is quadratic"),
    ("residual * 2 * Z.T / 2)", "residual * Z.T / 2)", "(33)"),
    ("residual * 2 * Z.T / 2)", "residual * 2 * Z / 2)", "(33)"),  # as printed, without the transpose
    ("residual * 2 * Z.T / 2)", "-residual * 2 * Z.T / 2)", "(33)"),
    ("sp.eye(2), 2 * Z * Z.T / 2)", "sp.eye(2), Z * Z.T / 2)", "(34)"),  # as printed
    ("sp.eye(2), 2 * Z * Z.T / 2)", "sp.eye(2), 4 * Z * Z.T / 2)", "(34)"),
    ("kronecker_product(sp.eye(2), 2 * Z", "kronecker_product(sp.ones(2), 2 * Z", "(34)"),
    ("kronecker_product(sp.eye(2), 2 * Z * Z.T / 2)", "kronecker_product(2 * Z * Z.T / 2, sp.eye(2))", "(34)"),
    ("change, own = W - W0,", "change, own = W + W0,", "E_l is quadratic"),
    ("change[j, :] * Z * Z.T / 2", "change[j, :] * Z * Z.T / 4", "E_l is quadratic"),
    ("noise.dot(row) ** 2 for row in z) / 2", "noise.dot(row) ** 2 for row in z)", "the worked example's error"),
    ("weights, x, 3, moments)", "weights, x, 3, [2 * h for h in moments])", "(34) on the digits network"),
    ("weights, x, 3, moments)", "weights, x, 3, [np.diag(np.diag(h)) for h in moments])", "(34) on the digits network"),
    ("came_in, own = Wn * (zn - zc)", "came_in, own = Wc * (zn - zc)", "the split"),
    ("(Wn - Wc) * zc", "(Wn - Wc) * zn", "the split"),
    ("(Wn - Wc) * zc", "(Wn + Wc) * zc", "the split"),
    ("D = norm * D + own", "D = D + own", "layers' errors bound the output"),
    ("D = norm * D + own", "D = norm * (D + own)", "layers' errors bound the output"),
    ("sp.prod(v[l + 1 :]) for l in range(3))", "sp.prod(v[l:]) for l in range(3))", "layers' errors bound the output"),
    ("sp.prod(v[l + 1 :]) for l in range(3))", "sp.prod(v[l + 2 :]) for l in range(3))", "layers' errors bound the output"),
    ("for second in (clean[1], noisy[1]))", "for second in (noisy[1], noisy[1]))", "the trained weights' norms do not suffice"),
    ("for second in (clean[1], noisy[1]))", "for second in (clean[1], clean[1]))", "the perturbed weights' norms do"),
    ("(1, 0, variance)[power]", "(1, 0, variance**2)[power]", "E[RMS^2] of the example"),
    ("(mu0[1] + b) - mu0[0] * mu0[1]) ** 2", "(mu0[1] + b) - mu0[0]) * 2", "E[RMS^2] of the example"),
    ("s2 = mu0[1] ** 2 + var[1]", "s2 = mu0[1] ** 2", "Lemma 5.1, corrected, in the example"),
    ("s2 = mu0[1] ** 2 + var[1]", "s2 = var[1]", "Lemma 5.1, corrected, in the example"),
    ("var[0], mu0[0] ** 2 * var[1]", "var[0], var[1]", "Lemma 5.1, corrected, in the example"),
    ("2 * sp.sqrt(E1 * s2) * sp.sqrt(E2)", "sp.sqrt(E1 * s2) * sp.sqrt(E2)", "the gap"),
    ("sp.sqrt(sum(C_lj * e / 2 for e in eps))", "sp.sqrt(sum(C_lj * e for e in eps))", "C_lj in (35)"),
    ("constant, 2 * C_l**2)", "constant, C_l**2)", "C_lj in (35)"),  # as the factor that (34) lacks would have it
    ("constant, 2 * C_l**2)", "constant, 2 * C_l)", "C_lj in (35)"),
    # each layer's optimum
    ("line = E / (2 * tau) + tau / 2", "line = E / tau + tau / 2", "where the line touches"),
    ("above = (sp.sqrt(E) - tau) ** 2 / (2 * tau)", "above = (sp.sqrt(E) - tau) ** 2 / tau", "the root is the least line"),
    ("above = (sp.sqrt(E) - tau) ** 2", "above = (sp.sqrt(E) + tau) ** 2", "the root is the least line"),
    ("own_beta = 2 * beta * sp.sqrt(E) / C", "own_beta = beta * sp.sqrt(E) / C", "Lemma 4.1 with its own beta"),
    ("own_beta = 2 * beta * sp.sqrt(E) / C", "own_beta = 2 * beta * E / C", "Lemma 4.1 with its own beta"),
    ("own_beta = 2 * beta * sp.sqrt(E) / C", "own_beta = 2 * beta * sp.sqrt(E) * C", "Lemma 4.1 with its own beta"),
    ("own_beta = 2 * beta * sp.sqrt(E) / C", "own_beta = beta", "Lemma 4.1 with its own beta"),
    ("KL = (s / lam - 1 - sp.log(s / lam)) / 2", "KL = s / lam - 1 - sp.log(s / lam)", "Lemma 4.1 with its own beta"),
    ("sp.nsolve(own - 2 * sp.sqrt(loss), own, 2)", "sp.nsolve(own - sp.sqrt(loss), own, 1)", "beta_l is the best"),
    ("for h, s in zip(eigenvalues, variances)) / 2", "for h, s in zip(eigenvalues, variances))", "beta_l is the best"),
    ("h1 * s1 * (m + s2)), sp.sqrt(h2 * s2)", "h1 * s1 * m), sp.sqrt(h2 * s2)", "at a joint minimum"),  # C_l held constant
    ("slope(T2 / (2 * h2 * s2), T1 / (2 * (m + s2)))", "slope(T2 / (h2 * s2), T1 / (2 * (m + s2)))", "at a joint minimum"),
    ("slope(T2 / (2 * h2 * s2), T1 / (2 * (m + s2)))", "slope(T2 / (2 * h2 * s2), 0)", "at a joint minimum"),
    ("beta / 2 * (1 / lam - 1 / s2)\n", "beta * (1 / lam - 1 / s2)\n", "at a joint minimum"),
    ("beta / (2 * a_k), 1 /", "beta / a_k, 1 /", "again Lemma 4.1"),
    ("1 / (1 / lam + 2 * b_k / beta)", "lam", "again Lemma 4.1"),
    ("1 / (1 / lam + 2 * b_k / beta)", "1 / (1 / lam + b_k / beta)", "again Lemma 4.1"),
    # exercises
    ("right * (1 - right))", "right)", "Fisher matrix of one weight"),
    ("(1 - right) ** 2)", "right * (1 - right))", "empirical Fisher matrix"),
    ("empirical / fisher_matrix), sp.exp(-f))", "empirical / fisher_matrix), sp.exp(f))", "their ratio"),
    ("prob * (1 - prob) - (1 - prob))", "prob * (1 - prob) + (1 - prob))", "eigenvalue along (1, 1)"),
    ("large, 1 - prob)", "large, prob)", "eigenvalue along (1, -1)"),
    ("examples * (classes - 1)", "examples * classes", "rank of the example's F"),
    ("image = (S(p) * sp.ones(3, 1))", "image = (S(p) * p)", "S 1 = 0"),
    ("(row.T * inverse * row)[0] / 2)", "(row.T * inverse * row)[0])", "ln det in steps"),
    ("sp.Matrix([*row, 1]) for row in z]", "sp.Matrix([*row, 2]) for row in z]", "second moment with a bias"),
    ("posterior(h, beta / 2, lam))", "posterior(h, beta, lam))", "the factor 2 is absorbed"),
    ("mu0[1] ** 2 * R1**2 +", "mu0[0] ** 2 * R1**2 +", "gap of the recursive form"),
    ("share**2, var[1] / (1 + var[1])", "share**2, var[1]", "its share, squared"),
    ("b_3 = (T[0] + T[1])", "b_3 = T[1]", "three layers"),
]  # fmt: skip

PROOF_MUTANTS = [
    ("for w in noisy])", "for w in clean])", "(32), line 1 to 2"),
    ("for w in noisy])", "for w in [n - c for n, c in zip(noisy, clean)]])", "(32), line 1 to 2"),
    ("(change.square().sum() / len(x)).sqrt()", "change.norm()", "(32), line 1 to 2"),  # without 1/sqrt N
    ("(change.square().sum() / len(x)).sqrt()", "change.square().sum() / len(x)", "(32), line 1 to 2"),  # squared
    ("norm * total + error**0.5", "norm * total + error", "(32), line 1 to 2"),
    ("norm * total + error**0.5", "norm * total + (error / 2) ** 0.5", "(32), line 1 to 2"),
    ("norm * total + error**0.5", "total + error**0.5", "(32), line 1 to 2"),
    ("    total = 0.0\n    for error, norm in zip(errors, norms)", "    total = 0.0\n    for error, norm in zip(errors[1:], norms[1:])", "(32), line 1 to 2"),
    ("    total = 0.0\n    for error, norm in zip(errors, norms)", "    total = 0.0\n    for error, norm in zip(errors[:-1], norms)", "(32), line 1 to 2"),
    ("absolute = 2 * sp.integrate", "absolute = sp.integrate", "the first moment"),
    ("left = mean(noise**2)", "left = mean(noise)", "(32), line 3, for dependent layers, is false"),
    ("sp.sqrt(mean(noise**2) * mean(noise**2))", "mean(noise**2) * absolute", "Cauchy-Schwarz"),
    ("float((s * h).sum()) / error", "2 * float((s * h).sum()) / error", "a layer's expected error"),
    ("float((s * h).sum()) / error", "float((s * h).diag().sum()) / error", "a layer's expected error"),
    (".mean(0) for w, w0 in zip(choices", ".sum(0) for w, w0 in zip(choices", "a layer's expected error"),
    ("bounds.bounds(errors, clean, S)", "bounds.bounds([e / 2 for e in errors], clean, S)", "the corrected bounds"),
    ("bounds.bounds(errors, clean, S)", "bounds.bounds(errors, clean, [0 * s for s in S])", "the corrected bounds"),
    ("bounds.bounds(errors, clean, S)", "bounds.bounds(errors, clean, [s / 2 for s in S])", "the corrected bounds"),
    ("bounds.bounds(errors, clean, S)", "bounds.bounds(errors, [0 * w for w in clean], S)", "the corrected bounds"),
    ("(mu + sp.sqrt(sigma) * noise) ** 2", "(mu + sigma * noise) ** 2", "C_l squared"),
    ("second, mu**2 + sigma", "second, mu**2", "C_l squared"),
    ("output, preactivation = max(W0 * z0, 0), W0 * z0", "output, preactivation = W0 * z0, W0 * z0", "(32), line 5, with outputs as targets"),
    ("output, preactivation = max(W0 * z0, 0), W0 * z0", "output, preactivation = max(W0 * z0, 0), 0", "(32), line 5, with pre-activations"),
    ("expected(preactivation), sigma,", "expected(preactivation), sigma / 2,", "line 5 with the pre-activation as target"),
    ("expected(output), 1 + sigma,", "expected(output), sigma,", "line 5 with the output as target"),
    ("clean, x, 2, H)", "clean, x, 2, [h / 2 for h in H])", "(34) on random networks"),
    ("clean, x, 2, H)", "clean, x, 2, [np.diag(np.diag(h)) for h in H])", "(34) on random networks"),
]  # fmt: skip


def test_the_pages_run():
    assert len(cells(CHAPTER)) > 40 and len(cells(PROOF)) > 10


@mutants({CHAPTER: MUTANTS, PROOF: PROOF_MUTANTS})
def test_a_changed_formula_stops_the_page(chapter, old, new, name):
    stops(chapter, old, new, name)


def test_no_formula_is_changed_twice_in_the_same_way():
    for table in (MUTANTS, PROOF_MUTANTS):
        assert len({(old, new) for old, new, _ in table}) == len(table)
