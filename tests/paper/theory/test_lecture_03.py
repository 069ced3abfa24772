"""Chapter 03 and the paper's proof of Lemma 4.1: a formula changed in a cell stops the page, by the name of what no longer holds."""

import re

import pytest
from lecture import stops

CHAPTER, PROOF = "03_optimal_posterior", "proof_lemma_41"

# what changes: (old, new, the beginning of the message)
MUTANTS = {
    # Eq. (5)
    "moments of even order": ("sp.factorial2(n - 1) if", "sp.factorial2(n) if", "(5)"),
    "odd moments": ("if n % 2 == 0 else 0 for n in range(7)", "if n % 2 == 0 else 1 for n in range(7)", "(5)"),
    "the quadratic without 1/2": ("eta.dot(hessian * eta) / 2 + cubic", "eta.dot(hessian * eta) + cubic", "(5)"),
    "the trace without 1/2": ("(hessian * R * R.T).trace() / 2", "(hessian * R * R.T).trace()", "(5)"),
    "the trace with the root": ("(hessian * R * R.T).trace()", "(hessian * R).trace()", "(5)"),
    "the trace of both": ("(hessian * R * R.T).trace()", "hessian.trace() * (R * R.T).trace()", "(5)"),
    "a cubic term that is not": ("eta[1] ** (3 - i) for", "eta[1] ** (3 - i + i % 2) for", "(5)"),
    "the convex loss' quartic": ("x**2 / 2 + x**4)", "x**2 / 2 + 2 * x**4)", "(5) for a convex"),
    "the convex loss by its quadratic": ("s / 2 + 3 * s**2", "s / 2", "(5) for a convex"),
    "the convex loss' power": ("s / 2 + 3 * s**2", "s / 2 + 3 * s", "(5) for a convex"),
    # one weight
    "one weight: beta and lambda": ("1 / lam + h / beta,", "1 / beta + h / lam,", "Lemma 4.1 for one"),
    "one weight: a difference": ("1 / lam + h / beta,", "1 / lam - h / beta,", "Lemma 4.1 for one"),
    "one weight: beta times h": ("1 / lam + h / beta,", "1 / lam + h * beta,", "Lemma 4.1 for one"),
    "one weight: KL without 1/2": ("sp.log(lam / s)) / 2", "sp.log(lam / s))", "Lemma 4.1 for one"),
    "one weight: KL's logarithm": ("sp.log(lam / s)) / 2", "sp.log(lam / s**2)) / 2", "Lemma 4.1 for one"),
    "one weight: the loss without 1/2": ("sp.diff(h * s / 2 + beta", "sp.diff(h * s + beta", "Lemma 4.1 for one"),
    "one weight: beta lost": ("h * s / 2 + beta * kl", "h * s / 2 + kl", "Lemma 4.1 for one"),
    # Eq. (13)
    "(13): the trace without 1/2": ("sp.Trace(H * Sigma0) / 2", "sp.Trace(H * Sigma0)", "(13)"),
    "(13): beta without 1/2": ("+ beta / 2 * (", "+ beta * (", "(13)"),
    "(13): lambda lost": ("sp.Trace(Sigma1.I * Sigma0) / lam", "sp.Trace(Sigma1.I * Sigma0)", "(13)"),
    "(13): k": ("- 2\n    + sp.Trace", "- 1\n    + sp.Trace", "(13)"),
    "(13): Sigma1 not inverted": ("sp.Trace(Sigma1.I * Sigma0)", "sp.Trace(Sigma1 * Sigma0)", "(13)"),
    "(13): the displacement without Sigma1": ("Sigma1.I * Delta * Delta.T", "Delta * Delta.T", "(13)"),
    "(13): det of Sigma1 alone": ("+ 2 * sp.log(lam)", "", "(13)"),
    "(13): lambda once": ("2 * sp.log(lam)", "sp.log(lam)", "(13)"),
    "(13): the sign of ln det Sigma1": ("+ sp.log(sp.Determinant(Sigma1))", "- sp.log(sp.Determinant(Sigma1))", "(13)"),
    "(13): the density of q": ("-eta.dot((R * R.T).inv() * eta) / 2", "-eta.dot((R * R.T).inv() * eta)", "(13)"),
    "(13): the prior's mean": ("away = (eta + d)", "away = (eta - 2 * d)", "(13)"),
    "(13): the prior's scale": ("/ (2 * lam) - sp.log(lam)", "/ 2 - sp.log(lam)", "(13)"),
    # Eq. (14)
    "(14): a sign": ("- beta / 2 * Sigma0.I", "+ beta / 2 * Sigma0.I", "(14)"),
    "(14): H without 1/2": ("gradient = H / 2", "gradient = H", "(14)"),
    "(14): lambda lost": ("beta / (2 * lam) * Sigma1.I - ", "beta / 2 * Sigma1.I - ", "(14)"),
    "(14): beta lost": ("- beta / 2 * Sigma0.I", "- Sigma0.I / 2", "(14)"),
    "(14): Sigma0 not inverted": ("- beta / 2 * Sigma0.I", "- beta / 2 * Sigma0", "(14)"),
    "(14): off the diagonal twice": ("(1 if i == j else 2)", "1", "(14)"),
    # Eqs. (6) and (12)
    "(12): without beta": ("optimum = beta * (H", "optimum = (H", "(6, 12)"),
    "(12): lambda for beta": ("optimum = beta * (H", "optimum = lam * (H", "(6, 12)"),
    "(12): lambda over beta": ("optimum = beta * (H + beta / lam", "optimum = beta * (H + lam / beta", "(6, 12)"),
    "(12): a factor 2": ("optimum = beta * (H +", "optimum = beta * (2 * H +", "(6, 12)"),
    "(12): Sigma1 not inverted": ("optimum = beta * (H + beta / lam * Sigma1.I)", "optimum = beta * (H + beta / lam * Sigma1)", "(6, 12)"),
    "(12): a sign": ("optimum = beta * (H +", "optimum = beta * (-H +", "(6, 12)"),
    "(12): without lambda": ("optimum = beta * (H + beta / lam", "optimum = beta * (H + beta", "(6, 12)"),
    "(12): the zero of something else": ("- beta / 2 * precision", "- beta * precision", "(6, 12)"),
    # the gap, and every Q
    "the gap: beta lost": ('beta * divergence,', 'divergence,', "the gap"),
    "the gap: without 1/2": ("beta * divergence,", "2 * beta * divergence,", "the gap"),
    "the gap: the other divergence": ("sp.Trace(best_.I * Sigma0)", "sp.Trace(Sigma0.I * best_)", "the gap"),
    "the gap: another Hessian": ("beta * o.inv() - beta / lam * p.inv()", "beta * o.inv() - lam * p.inv()", "the gap"),
    "the example's Hessian": ("example_H = sp.Matrix([2, 1]), sp.Matrix([[5, 4]", "example_H = sp.Matrix([2, 1]), sp.Matrix([[6, 4]", "the example's Hessian"),
    "the example's Hessian, asymmetric": ("sp.Matrix([[5, 4], [4, 5]])", "sp.Matrix([[5, 4], [3, 5]])", "the example's Hessian"),
    "the example's directions": ("along = sp.Matrix([[1, 1], [1, -1]])", "along = sp.Matrix([[1, 1], [1, 2]])", "the example's Hessian"),
    "the example's eigenvalues": ("sp.diag(9, 1)", "sp.diag(1, 9)", "the example's Hessian"),
    "the example's beta": ("lam: 1, beta: 1}\nbest", "lam: 1, beta: 2}\nbest", "the example"),
    "the example's gap": ("divergence.subs({best_: best, Sigma0: sp.eye(2)})", "divergence.subs({best_: sp.eye(2), Sigma0: best})", "the gap in the example"),
    "every Q: the curvature of q": ("-e.dot(o.inv() * e) / 2", "-e.dot(o.inv() * e)", "the curvature of a"),
    "every Q: the prior's scale": ("/ (2 * lam)\naffine", "/ 2\naffine", "the curvature of a"),
    "every Q: the loss without 1/2": ("e.dot(its_hessian * e) / 2", "e.dot(its_hessian * e)", "the curvature of a"),
    "every Q: beta lost": ("+ beta * log_ratio", "+ log_ratio", "the curvature of a"),
    # the best mean
    "the best mean: swapped": ("(H * Mu0 + beta / lam * Sigma1.I * Mu1)", "(H * Mu1 + beta / lam * Sigma1.I * Mu0)", "the best mean"),
    "the best mean: lambda over beta": ("best_mean = (H + beta / lam", "best_mean = (H + lam / beta", "the best mean"),
    "the best mean: not moved": ("beta / lam * Sigma1.I * Mu1)", "beta / lam * Sigma1.I * Mu0)", "the best mean"),
    "the best mean: the pull of the prior": ("+ beta / (2 * lam) * (m - m1)", "+ beta / lam * (m - m1)", "the best mean"),
    # the front
    "E*: doubled": ("beta * gamma / 2,", "beta * gamma,", "E*"),
    "E*: lambda for beta": ("beta * gamma / 2,", "lam * gamma / 2,", "E*"),
    "E*: gamma inverted": ("gamma = sum(lam * x / (beta + lam * x)", "gamma = sum(beta / (beta + lam * x)", "E*"),
    "E*: the variances": ("beta * lam / (beta + lam * x) for x in g]", "beta / (beta + lam * x) for x in g]", "E*"),
    "KL*: gamma's sign": ("(D / lam - gamma + ld) / 2", "(D / lam + gamma + ld) / 2", "KL*"),
    "KL*: D times lambda": ("(D / lam - gamma + ld) / 2", "(D * lam - gamma + ld) / 2", "KL*"),
    "KL*: without ld": ("(D / lam - gamma + ld) / 2", "(D / lam - gamma) / 2", "KL*"),
    "KL*: ld's rho": ("sp.log((beta + lam * x) / beta)", "sp.log((beta + lam * x) / lam)", "KL*"),
    "the example's D": ("D: 5, lam: 1, beta: 1}", "D: 4, lam: 1, beta: 1}", "the front in the example"),
    "dE*/dbeta: not squared": ("(beta + lam * x)) ** 2 for x in g) / 2", "(beta + lam * x)) for x in g) / 2", "dE*/dbeta"),
    "dE*/dbeta: without 1/2": ("(beta + lam * x)) ** 2 for x in g) / 2", "(beta + lam * x)) ** 2 for x in g)", "dE*/dbeta"),
    "the slope": ("-1 / beta,", "-beta,", "the slope"),
    "the slope's sign": ("-1 / beta,", "1 / beta,", "the slope"),
    "the far end's loss": ("E_end, lam * sum(g) / 2", "E_end, lam * sum(g)", "the far end"),
    "the far end's KL": ("KL_end, D / (2 * lam)", "KL_end, D / lam", "the far end"),
    # the best lambda
    "dV*/dlambda: the root": ("* (lam * gamma - D)\n", "* (gamma - D)\n", "dV*/dlambda"),
    "dV*/dlambda: the factor": ("beta / (2 * lam**2) *", "beta / (2 * lam) *", "dV*/dlambda"),
    "dV*/dlambda: beta KL": ("V = E + beta * KL", "V = E + KL", "dV*/dlambda"),
    "lambda gamma increases": ("lam * x * (2 * beta + lam * x)", "lam * x * (beta + lam * x)", "lambda gamma increases"),
    "E* at the best lambda": ("beta * D / (2 * lam),", "beta * D / lam,", "E* at the best lambda"),
    "KL(E): without 1/2": ("least = sum(sp.log(1 + D / (2 * loss) * x) for x in g) / 2", "least = sum(sp.log(1 + D / (2 * loss) * x) for x in g)", "KL(E)"),
    "KL(E): D/E": ("least = sum(sp.log(1 + D / (2 * loss)", "least = sum(sp.log(1 + D / loss", "KL(E)"),
    "KL(E): first order": ("least = sum(sp.log(1 + D / (2 * loss) * x)", "least = sum(D / (2 * loss) * x", "KL(E)"),
    "E*: away from the root": ("{D: lam * gamma}", "{D: 2 * lam * gamma}", "E* at the best lambda"),
    "KL(E): away from the root": ("subs(D, lam * gamma)", "subs(D, 2 * lam * gamma)", "KL(E)"),
    "the baseline's KL": ("KL_baseline = D / (2 * baseline)", "KL_baseline = D / baseline", "the first-order term"),
    "the baseline's loss": ("sp.Eq(loss, lam * sum(g) / 2)", "sp.Eq(loss, lam * sum(g))", "the first-order term"),
    "the first-order term": ("sum(sp.log(1 + t * x) for x in g) / 2, t, 0, 2)", "sum(sp.log(1 + t * x) for x in g), t, 0, 2)", "the first-order term"),
    # exercises
    "3.1": ("h: 2 * h, beta: 2 * beta}", "h: 2 * h, beta: beta}", "Exercise 3.1"),
    "3.2": ("beta: smallest / 2})", "beta: smallest * 2})", "Exercise 3.2"),
    "3.3: the entropy": ("second / 2 - sp.log(2 * w) + second / 2", "second / 2 - sp.log(w) + second / 2", "Exercise 3.3"),
    "3.3: the optimum": ("gaussian = sp.Rational(1, 2)", "gaussian = sp.Rational(1, 1)", "Exercise 3.3"),
    "3.4": ("1 - 1 / sp.sqrt(1 + s)", "1 - 1 / sp.sqrt(1 + 2 * s)", "Exercise 3.4"),
    "3.5": ("(lam * gamma - D).subs(spot)", "(lam * gamma - D / 2).subs(spot)", "Exercise 3.5"),
    "3.6": ("- f_) < 1e-9", "- 2 * f_) < 1e-9", "Exercise 3.6"),
    "3.7": ("flat == sp.Tuple(lam, 0, 0)", "flat == sp.Tuple(0, 0, 0)", "Exercise 3.7"),
}  # fmt: skip

PROOF_MUTANTS = {
    "line 1": ("(eta.T * H * eta)[0] / 2)\nline_2", "(eta.T * H * eta)[0])\nline_2", "line 1 = line 2"),
    "line 2: the order of factors": ("(H * eta * eta.T).trace() / 2", "(H * eta * eta.T).trace()", "line 1 = line 2"),
    "line 3": ("(H * (eta * eta.T).applyfunc(mean)).trace() / 2", "(H * (eta * eta.T).applyfunc(mean)).trace()", "line 2 = line 3"),
    "line 4: the second moment": ("(H * Sigma0).trace() / 2,", "(H * R).trace() / 2,", "line 3 = line 4"),
    "line 4: one weight": ("(v0 / v1 - 1 +", "(v1 / v0 - 1 +", "line 4, one weight"),
    "line 4: the displacement": ("Delta[0] ** 2 / v1 + sp.log", "Delta[0] ** 2 / v0 + sp.log", "line 4, one weight"),
    "line 4: the logarithm": ("/ v1 + sp.log(v1) - sp.log(v0)) / 2", "/ v1 + sp.log(v0) - sp.log(v1)) / 2", "line 4, one weight"),
    "line 4: k": ("- 2\n        + (Delta.T", "- 1\n        + (Delta.T", "line 4, (13)"),
    "line 4: lambda": ("bracket += 2 * sp.log(lam)", "bracket += sp.log(lam)", "line 4, (13)"),
    "line 4: det Sigma0": ("- sp.log(covariance.det())", "+ sp.log(covariance.det())", "line 4, (13)"),
    "line 4: beta": ("/ 2 + beta / 2 * bracket", "/ 2 + beta * bracket", "line 4, (13)"),
    "line 5: the sign": ("- beta / 2 * precision", "+ beta / 2 * precision", "line 5, (14)"),
    "line 5: lambda": ("beta / (2 * lam) * Sigma1.inv() - beta", "beta / 2 * Sigma1.inv() - beta", "line 5, (14)"),
    "line 5: H": ("return H / 2 + beta / (2 * lam)", "return H + beta / (2 * lam)", "line 5, (14)"),
    "line 6: beta": ("best = beta * (H", "best = (H", "line 6, (12)"),
    "line 6: lambda": ("(H + beta / lam * Sigma1.inv()).inv()\nequation", "(H + lam / beta * Sigma1.inv()).inv()\nequation", "line 6, (12)"),
    "line 7": ("second - beta / 2 * (inner", "second - beta * (inner", "line 7, convexity"),
    "line 7: the root": ("inner = R.inv() * T * R.inv().T", "inner = R.inv() * T * R.inv()", "line 7, convexity"),
    "line 8": ("-excess * s + beta", "excess * s + beta", "line 8, the condition"),
    "only the product": ("(lam / factor) * (factor * Sigma1)", "(lam * factor) * (factor * Sigma1)", "only the product"),
    "only the ratio": ("factor * beta * (factor * H + factor * beta", "beta * (factor * H + factor * beta", "only the ratio"),
    "six weights: the optimum": ("optimum = b_ * (h", "optimum = l_ * (h", "the gap, k = 6"),
    "six weights: KL": ("mp.log(mp.det(s1) / mp.det(s0))", "mp.log(mp.det(s0) / mp.det(s1))", "the gap, k = 6"),
    "six weights: KL's constant": ("- s0.rows\n        + (d.T", "+ s0.rows\n        - (d.T", "the gap, k = 6"),
    "the package's posterior": ("*numbers[:2], float(b_)", "*numbers[:2], 2 * float(b_)", "the package's posterior"),
    "the package's divergence": ("np.zeros(6), numbers[4]", "np.zeros(6), numbers[3]", "the package's divergence"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_changed_formula_stops_the_chapter(name):
    old, new, message = MUTANTS[name]
    stops(CHAPTER, old, new, f"^{re.escape(message)}.* does not hold")


@pytest.mark.parametrize("name", PROOF_MUTANTS)
def test_a_changed_formula_stops_the_proof(name):
    old, new, message = PROOF_MUTANTS[name]
    stops(PROOF, old, new, f"^{re.escape(message)}.* does not hold")
