"""Chapter 04, its page on wider families and the paper's proof of Lemma 4.2: with a formula changed in one of their
own cells the pages stop and name it."""

import pytest
from lecture import cells, stops

# What is changed, what it becomes, and what the page then says.
CHAPTER = {
    "the divergence, Delta not squared": ("KL = ((nu0 + Delta**2)", "KL = ((nu0 + Delta)", "the best prior"),
    "the divergence, sign of Delta": ("KL = ((nu0 + Delta**2)", "KL = ((nu0 - Delta**2)", "the best prior"),
    "the divergence, its constant": ("(lam * nu1) - 1 + sp.log", "(lam * nu1) + 1 + sp.log", "under the best prior"),
    "the divergence, the logarithm's prior": ("sp.log(lam * nu1 / nu0)) / 2", "sp.log(nu1 / nu0)) / 2", "under the best prior"),
    "the divergence, the logarithm's factor": ("+ sp.log(lam * nu1 / nu0)) / 2", "+ 2 * sp.log(lam * nu1 / nu0)) / 2", "the best prior"),
    "the objective, h / 2": ("C = h * nu0 / 2", "C = h * nu0", "under the best prior"),
    "the objective, without beta": ("C = h * nu0 / 2 + beta * KL", "C = h * nu0 / 2 + KL", "under the best prior"),
    "the objective, sign of KL": ("C = h * nu0 / 2 + beta * KL", "C = h * nu0 / 2 - beta * KL", "under the best prior"),
    "the prior, without lam": ("sp.diff(C.subs(nu1, q / lam), q)", "sp.diff(C.subs(nu1, q), q)", "the best prior"),
    "the best prior, sign": ("{nu1: (nu0 + Delta**2) / lam}", "{nu1: (nu0 - Delta**2) / lam}", "the best prior"),
    "what is left, sign": ("left = h * nu0 / 2 + beta / 2", "left = h * nu0 / 2 - beta / 2", "under the best prior"),
    "what is left, factor": ("left = h * nu0 / 2 + beta / 2 * sp.log", "left = h * nu0 / 2 + beta * sp.log", "under the best prior"),
    "what is left, fraction": ("sp.log(1 + Delta**2 / nu0)\n", "sp.log(1 + nu0 / Delta**2)\n", "under the best prior"),
    "convexity, first derivative": ("sp.diff(left, nu0, 2)", "sp.diff(left, nu0, 1)", "the second derivative is positive"),
    "convexity, third derivative": ("sp.diff(left, nu0, 2)", "sp.diff(left, nu0, 3)", "the second derivative is positive"),
    "R, without h squared": ("sp.factor((h**2 + 4 * beta", "sp.factor((h + 4 * beta", r"\(7\)"),
    "R, sign": ("(h**2 + 4 * beta * h / Delta**2).subs(h, curvature)", "(h**2 - 4 * beta * h / Delta**2).subs(h, curvature)", r"\(7\)"),
    "R, 2 for 4": ("(h**2 + 4 * beta * h / Delta**2).subs(h, curvature)", "(h**2 + 2 * beta * h / Delta**2).subs(h, curvature)", r"\(7\)"),
    "R, Delta not squared": ("(h**2 + 4 * beta * h / Delta**2).subs(h, curvature)", "(h**2 + 4 * beta * h / Delta).subs(h, curvature)", r"\(7\)"),
    "R, lam for beta": ("(h**2 + 4 * beta * h / Delta**2).subs(h, curvature)", "(h**2 + 4 * lam * h / Delta**2).subs(h, curvature)", r"\(7\)"),
    "a, sign": ("expression.subs(a, (R - h) / 2)", "expression.subs(a, (R + h) / 2)", r"\(9\)"),
    "a, factor": ("expression.subs(a, (R - h) / 2)", "expression.subs(a, R - h)", r"\(9\)"),
    "(7), sign": ("lam / (2 * beta) * (R - h)", "lam / (2 * beta) * (R + h)", r"\(7\)"),
    "(7), factor": ("lam / (2 * beta) * (R - h)", "lam / beta * (R - h)", r"\(7\)"),
    "(7), lam and beta": ("lam / (2 * beta) * (R - h)", "beta / (2 * lam) * (R - h)", r"\(7\)"),
    "(7), the variance": ("lam / (m + Delta**2),", "lam / (m - Delta**2),", r"\(7\)"),
    "(8), sign": ("1 / m, (h + R) / (2 * beta)", "1 / m, (h - R) / (2 * beta)", r"\(8\)"),
    "(8), factor": ("1 / m, (h + R) / (2 * beta)", "1 / m, (h + R) / beta", r"\(8\)"),
    "(8), lam for beta": ("1 / m, (h + R) / (2 * beta)", "1 / m, (h + R) / (2 * lam)", r"\(8\)"),
    "(9), Delta not squared": ("nine = (a * Delta**2 + beta", "nine = (a * Delta + beta", r"\(9\)"),
    "(9), sign": ("nine = (a * Delta**2 + beta", "nine = (a * Delta**2 - beta", r"\(9\)"),
    "(9), without beta": ("nine = (a * Delta**2 + beta * sp.log", "nine = (a * Delta**2 + sp.log", r"\(9\)"),
    "(9), in the logarithm": ("sp.log((h + a) / a)) / 2", "sp.log((h - a) / a)) / 2", r"\(9\)"),
    "(9), the logarithm upside down": ("sp.log((h + a) / a)) / 2", "sp.log(a / (h + a))) / 2", r"\(9\)"),
    "(9), factor": ("sp.log((h + a) / a)) / 2", "sp.log((h + a) / a))", r"\(9\)"),
    "the example, Hessian": ("sp.Matrix([[5, 4], [4, 5]]), sp.Matrix", "sp.Matrix([[4, 4], [4, 4]]), sp.Matrix", "the package's pair"),
    "the example, displacement": ("sp.Matrix([2, 1])", "sp.Matrix([1, 1])", "the package's pair"),
    "the example, prior": ("applyfunc(lambda move: move**2)", "applyfunc(lambda move: move)", "the package's pair"),
    "the example, KL": ("sp.log(wide / narrow) / 2", "sp.log(wide / narrow)", "the package's pair"),
    "the example, E": ("list(5 * posterior / 2)", "list(5 * posterior)", "the package's pair"),
    "the example, the floor": ("4 * h / Delta**2)}", "2 * h / Delta**2)}", r"\(9\) is E \+ KL"),
    "the example, isotropic": ("isotropic = float(5 + sp.log", "isotropic = float(5 - sp.log", "the valid prior costs more"),
    "the nats": ("sp.Eq(sp.exp(2 * x), 1 + Delta**2 / m)", "sp.Eq(sp.exp(x), 1 + Delta**2 / m)", "t does not hold"),
    "t, its power": ("(h * Delta**2 / beta).subs", "(h * Delta / beta).subs", "t does not hold"),
    "t, sinh": ('equation("t", t, 4 * sp.sinh(x) ** 2', 'equation("t", t, 4 * sp.cosh(x) ** 2', "t does not hold"),
    "t, 2 for 4": ('equation("t", t, 4 * sp.sinh(x) ** 2', 'equation("t", t, 2 * sp.sinh(x) ** 2', "t does not hold"),
    "E, sign": ('loss, beta / 2 * (1 - sp.exp(-2 * x))', 'loss, beta / 2 * (1 + sp.exp(-2 * x))', "E does not hold"),
    "E, factor": ("E = curvature * m / 2", "E = curvature * m", "E does not hold"),
    "E in (9)": ("E, a * Delta**2 / 2, letter", "E, a * Delta**2, letter", "E is the first sum"),
    "KL in (9)": ("m, (h + a) / a, **as_there", "m, h / a, **as_there", "KL is the second sum"),
    "the edges": ("whole = sp.asinh(s / 2)", "whole = sp.asinh(s)", "near the edges"),
    "beta of x": ("beta_x = h * Delta**2 / (4 * sp.sinh(x) ** 2)", "beta_x = h * Delta**2 / (4 * sp.cosh(x) ** 2)", "E' = -beta KL'"),
    "E of x": ("by_exp((beta_x / 2) * (1 - sp.exp(-2 * x)))", "by_exp((beta_x / 2) * (1 - sp.exp(-x)))", "E' = -beta KL'"),
    "V of x": ("V_x = E_x + beta_x * x", "V_x = E_x - beta_x * x", "V' = KL"),
    "a pair's divergence": ("nats = ((narrow + move**2) / wide - 1 + np.log(wide / narrow)).sum(1) / 2", "nats = (narrow / wide - 1 + np.log(wide / narrow)).sum(1) / 2", "no pair is below"),
    "the envelope's cost": ("floors.block_prior(5 * move**2 / 2, E)", "floors.block_prior(5 * move**2, E)", "no pair is below"),
    "S of a weight": ("of_S = (Delta * sp.sqrt(h))", "of_S = (Delta * h)", "a weight's part of S"),
    "loss of a weight": ("beta * sp.exp(-x) * sp.sinh(x)", "beta * sp.exp(x) * sp.sinh(x)", "a weight's loss"),
    "the law's lower end": ("sp.Limit(x * sp.exp(-x) / sp.sinh(x), x, 0)", "sp.Limit(x * sp.exp(-x) / sp.sinh(2 * x), x, 0)", "the ends meet"),
    "S, factor": ("zip(d, r)) ** 2 / 4", "zip(d, r)) ** 2 / 2", "the baseline's excess"),
    "the squares, sign": ("(d[i] * r[j] - d[j] * r[i]) ** 2", "(d[i] * r[j] + d[j] * r[i]) ** 2", "the baseline's excess"),
    "the law in numbers": ("(2 * np.sqrt(5) + np.sqrt(5)) ** 2 / 4", "(2 * np.sqrt(5) + np.sqrt(5)) / 4", "the product law"),
    "the lost square, 4 for 8": ("1 / sp.sqrt(8 * N * beta)) ** 2", "1 / sp.sqrt(4 * N * beta)) ** 2", "the square root as a minimum"),
    "the root, N for 2N": ("sp.sqrt(K / (2 * N)), lost", "sp.sqrt(K / N), lost", "the square root as a minimum"),
    "the floor of (3), 8": ("1 / (8 * examples * price)", "1 / (4 * examples * price)", r"the floor of \(3\)"),
    "the floor of (3), c": ("price * (nats + c)", "price * nats", r"the floor of \(3\)"),
    "the floor of (3), N": ("np.sqrt((nats + c) / (2 * examples))", "np.sqrt((nats + c) / examples)", r"the floor of \(3\)"),
    "Exercise 4.1": ("sp.Rational(price, 2) * (1 - sp.exp(-2 * n))", "sp.Rational(price, 2) * (1 - sp.exp(-n))", "Exercise 4.1, E"),
    "Exercise 4.2, sign": ("quadratic = L**2 + h * lam / beta * L -", "quadratic = L**2 - h * lam / beta * L -", "Exercise 4.2"),
    "Exercise 4.2, the posterior": ("1 / (h / beta + L / lam))", "1 / (h / beta + L))", "Exercise 4.2"),
    "Exercise 4.3, A": ("    h / 2 * sp.exp(u),", "    h * sp.exp(u),", "Exercise 4.3, the first minor"),
    "Exercise 4.3, G": ("Delta**2 / (2 * lam) * sp.exp(-v)", "Delta**2 / (2 * lam) * sp.exp(v)", "Exercise 4.3, the determinant"),
    "Exercise 4.4, sign": ("+ d(nu0 / m) - d(", "+ d(nu0 / m) + d(", "Exercise 4.4"),
    "Exercise 4.4, d": ("return ratio - 1 - sp.log(ratio)", "return ratio - 1 + sp.log(ratio)", "Exercise 4.4"),
    "Exercise 4.5": ("other = {Delta: unit * Delta, h: h / unit**2}", "other = {Delta: unit * Delta, h: h / unit}", r"Exercise 4.5, \(9\)"),
    "Exercise 4.6": ("(2 * sp.sqrt(first) + sp.sqrt(10 - first)) ** 2", "(sp.sqrt(first) + sp.sqrt(10 - first)) ** 2", "Exercise 4.6"),
    "Exercise 4.7": ("sp.Limit(left.subs(h, -h), nu0, sp.oo)", "sp.Limit(left, nu0, sp.oo)", "Exercise 4.7"),
}  # fmt: skip

WIDER = {
    "what a full prior covers": ("cover = S0 + move * move.T", "cover = S0 - move * move.T", "the trace"),
    "the determinant, adjugate": ("(move.T * S0.adjugate() * move)[0]", "(move.T * S0 * move)[0]", "the determinant"),
    "the best full prior": ("np.log(1 + shift @ np.linalg.inv(S0) @ shift) / 2", "np.log(1 + shift @ S0 @ shift) / 2", "the best full prior"),
    "any pair": ("floors.full_prior(shift @ H @ shift / 2, E)]", "floors.full_prior(shift @ H @ shift, E)]", "each is lower"),
    "a block's divergence": ("of_block = sp.log(1 + cb / Eb) / 2", "of_block = sp.log(1 - cb / Eb) / 2", "the terms are convex"),
    "a block's slope": ("sp.diff(of_block, Eb) + 1 / beta, cb)", "sp.diff(of_block, Eb) + 2 / beta, cb)", "the split"),
    "a block's share": ("share = beta / 2 * (1 - sp.exp(-2 * x))", "share = beta * (1 - sp.exp(-2 * x))", "the split"),
    "Hadamard, sign": ("- p1 * p2 * h12**2 / beta**2", "+ p1 * p2 * h12**2 / beta**2", "Hadamard"),
    "Hadamard, beta": ("- p1 * p2 * h12**2 / beta**2", "- p1 * p2 * h12**2 / beta", "Hadamard"),
    "under a diagonal prior": ("(shift**2 / pair.prior_variance).sum()", "(shift / pair.prior_variance).sum()", "the value under a diagonal prior"),
    "the order": ("np.log(1 + np.diag(scaled)).sum() / 2", "np.log(1 + np.diag(scaled)).sum() / 4", "the order of the floors"),
    "the baseline's floor": ("D * np.trace(H) / (4 * E)", "D * np.trace(H) / (2 * E)", "the package's floors"),
}  # fmt: skip

PROOF = {
    "(15), sign": ("line_15 = lam / (2 * beta) * (R - h)", "line_15 = lam / (2 * beta) * (R + h)", r"\(15\)"),
    "(15), lam and beta": ("line_15 = lam / (2 * beta) * (R - h)", "line_15 = beta / (2 * lam) * (R - h)", r"\(15\)"),
    "R, 2 for 4": ("R = sp.sqrt(h**2 + 4 * beta", "R = sp.sqrt(h**2 + 2 * beta", r"\(15\)"),
    "R, Delta not squared": ("* h / Delta**2)\n", "* h / Delta)\n", r"\(15\)"),
    "(16), factor": ("line_16 = (h + R) / (2 * beta)", "line_16 = (h + R) / beta", r"\(16\)"),
    "(16), sign": ("line_16 = (h + R) / (2 * beta)", "line_16 = (h - R) / (2 * beta)", r"\(16\)"),
    "(17), a": ("a = (R - h) / 2", "a = R - h", r"\(17\)"),
    "(17), beta": ("+ beta * sp.log((h + a) / a)) / 2", "+ sp.log((h + a) / a)) / 2", r"\(17\)"),
    "(17), the ratio": ("sp.log((h + a) / a)) / 2", "sp.log((h + a) / h)) / 2", r"\(17\)"),
    "(18) line 1": ("(H * beta * inverse).trace() / 2 +", "(H * beta * inverse).trace() +", r"\(18\), line 1 = line 2"),
    "(18) line 2": ("beta**2 / (2 * lam) * (L1 * inverse)", "beta / (2 * lam) * (L1 * inverse)", r"\(18\), line 1 = line 2"),
    "(18) line 3": ("((H + beta / lam * L1) * inverse).trace()", "((H - beta / lam * L1) * inverse).trace()", r"\(18\), line 2 = line 3"),
    "(18) line 4": ("beta / 2 * (distance + ell),", "beta / 2 * (distance - ell),", r"\(18\), line 3 = line 4"),
    "(19), Delta": ("term_19 = (beta / lam * L * Delta**2", "term_19 = (beta / lam * L * Delta", r"\(19\)"),
    "(19), sign": ("- beta * sp.log(beta * L / lam)", "+ beta * sp.log(beta * L / lam)", r"\(19\)"),
    "the slope of (19)": ("h / (L * (h + beta * L / lam)))", "h / (h + beta * L / lam))", r"the derivative of \(19\)"),
    "(20), the quadratic": ("quadratic = L**2 + h", "quadratic = L**2 - h", r"\(20\), the quadratic"),
    "(20), sign": ("line_20 = lam / (2 * beta) * (R - h)", "line_20 = lam / (2 * beta) * (R + h)", r"\(20\)"),
    "(20), factor": ("line_20 = lam / (2 * beta) * (R - h)", "line_20 = lam / beta * (R - h)", r"\(20\)"),
    "(21), A": ("A, B, C, D = h / 2,", "A, B, C, D = h,", r"\(21\), line 2 = line 3"),
    "(21), B": ("beta / (2 * lam), beta * Delta**2", "lam / (2 * beta), beta * Delta**2", r"\(21\), line 2 = line 3"),
    "(21), line 2": ("nu0 / nu1 - beta / 2 + beta * Delta**2", "nu0 / nu1 + beta / 2 + beta * Delta**2", r"\(21\), line 1 = line 2"),
    "(22), sign": ("sp.Matrix([A + B / nu1 - D / nu0,", "sp.Matrix([A + B / nu1 + D / nu0,", r"\(22\)"),
    "(22), power": ("- C / nu1**2 + D / nu1])", "- C / nu1 + D / nu1])", r"\(22\)"),
    "(23), by nu_0": ("sp.Matrix([[D / nu0**2,", "sp.Matrix([[D / nu0,", r"\(23\), by nu_0"),
    "(23), by nu_1": ("2 * (B * nu0 + C) / nu1**3", "2 * (B * nu0 + C) / nu1**2", r"\(23\), by nu_1"),
    "(24), sign": ("[[D / nu0**2, -B / nu1**2]", "[[D / nu0**2, B / nu1**2]", r"\(24\)"),
    "(25), symmetry": ("], [-B / nu1**2,", "], [B / nu1**2,", r"\(25\)"),
    "(26), line 2": ("(2 * C * D * nu1 - (D", "(C * D * nu1 - (D", r"\(26\), line 1 = line 2"),
    "(26), line 3": ("beta**2 / (2 * nu0**2 * nu1**4) * bracket_26,", "beta**2 / (nu0**2 * nu1**4) * bracket_26,", r"\(26\), line 2 = line 3"),
    "(26), bracket": ("(nu1 - nu0 / lam) ** 2 / 2", "(nu1 - nu0 / lam) ** 2", r"\(26\), line 2 = line 3"),
    "(27) as printed": ("fourth = 4 * lam", "fourth = 2 * lam", r"\(27\), line 6 = line 7"),
    "(27), the posterior": ("bracket_26.subs(nu0, beta / (h + beta / (lam * nu1)))", "bracket_26.subs(nu0, beta / (h + beta / nu1))", r"\(27\), line 1 = line 2"),
    "(27), line 3": ("(nu1 * lam / both)", "(nu1 / both)", r"\(27\), line 2 = line 3"),
    "(27), line 4": ("(1 - beta / both)", "(1 + beta / both)", r"\(27\), line 3 = line 4"),
    "(27), line 5": ("(h * lam * nu1 / both) ** 2", "(h * lam / both) ** 2", r"\(27\), line 4 = line 5"),
    "(27), line 6": ("lam**2 * nu1**4 * h**2", "lam**2 * nu1**3 * h**2", r"\(27\), line 5 = line 6"),
    "(27), line 8": ("(h * lam + L * beta) ** 2 - lam**3 * h**2)", "(h * lam + L * beta) ** 2 - lam**2 * h**2)", r"\(27\), line 7 = line 8"),
    "(28), line 3": ("(2 * h**2 + 4 * beta * h / Delta**2 - 2 * h * R)", "(h**2 + 4 * beta * h / Delta**2 - 2 * h * R)", r"\(28\), line 2 = line 3"),
    "(28), line 4": ("(2 * h * (h - R) + 4", "(2 * h * (h + R) + 4", r"\(28\), line 3 = line 4"),
    "(28), line 5": ("(h - R + 2 * beta / Delta**2)", "(h - R + beta / Delta**2)", r"\(28\), line 4 = line 5"),
    "(28), line 6": ("(lam / Delta**2 - line_20)", "(lam / Delta**2 + line_20)", r"\(28\), line 5 = line 6"),
    "(29), line 2": ("+ 2 * h * lam * L * beta + L**2 * beta**2)", "+ h * lam * L * beta + L**2 * beta**2)", r"\(29\), line 1 = line 2"),
    "(29), by (28)": ("by_28 = h * lam / beta * (lam / Delta**2 - L)", "by_28 = h * lam / beta * (lam / Delta**2 + L)", r"\(29\), line 2 = line 3"),
    "(29), line 4": ("(kept + h * lam * L * beta)", "(kept - h * lam * L * beta)", r"\(29\), line 3 = line 4"),
    "(29), line 5": ("+ 2 * L**2 * Delta**2 * h", "+ L**2 * Delta**2 * h", r"\(29\), line 4 = line 5"),
    "(29), line 7": ("kept + 2 * rest - 2 * h**2", "kept + rest - 2 * h**2", r"\(29\), line 6 = line 7"),
    "(29), the result": ("last_of_29 = 2 * L * beta * lam**2 * h + lam**3", "last_of_29 = 2 * L * beta * lam**2 * h - lam**3", r"\(29\), line 7 = line 8"),
    "(29), the prefactor": ("prefactor = beta**2 / (4 * lam", "prefactor = beta**2 / (2 * lam", r"\(29\), the determinant"),
    "(29), the posterior": ("{nu0: 1 / (h / beta + L / lam)", "{nu0: 1 / (h / beta + L)", r"\(29\), the determinant"),
    "(30), an end": ("(nu0, sp.oo, \"-\"), (nu1, 0", "(nu0, 1, \"-\"), (nu1, 0", r"\(30\)"),
    "the function, without x^6": ("f = x**2 + x**6 +", "f = x**2 +", "the leading term"),
    "the function, bounded": ("(1 + x) ** 3 * y**2", "y**2", "f at x = -2"),
    "the function, another point": ("f = x**2 + x**6", "f = x**2 - x**6", "one stationary point"),
    "the function in logarithms": ("f.subs({x: u + v, y: u - v})", "f.subs({x: u, y: u - v})", "the leading term along nu_1"),
}  # fmt: skip


@pytest.mark.parametrize("page, least", [("04_optimal_prior", 35), ("wider_families", 15), ("proof_lemma_42", 20)])
def test_the_page_runs(page, least):
    assert len(cells(page)) >= least


@pytest.mark.parametrize("name", CHAPTER)
def test_a_changed_formula_stops_the_chapter(name):
    stops("04_optimal_prior", *CHAPTER[name])


@pytest.mark.parametrize("name", WIDER)
def test_a_changed_formula_stops_the_page_on_wider_families(name):
    stops("wider_families", *WIDER[name])


@pytest.mark.parametrize("name", PROOF)
def test_a_changed_formula_stops_the_proof(name):
    stops("proof_lemma_42", *PROOF[name])
