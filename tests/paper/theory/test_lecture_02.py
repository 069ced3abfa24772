"""Chapter 02 and the full proof of Theorem 3.1: a formula changed in a cell stops the page, by the name of what no longer holds."""

import re

import pytest
from lecture import stops

CHAPTER, PROOF = "02_pac_bayes_bound", "proof_theorem_31"

# what changes: (old, new, the beginning of the message)
MUTANTS = {
    "KL: the variances inverted": ("gaussian_kl = (s / v - 1 +", "gaussian_kl = (v / s - 1 +", "KL of two Gaussians"),
    "KL: without -1": ("gaussian_kl = (s / v - 1 +", "gaussian_kl = (s / v +", "KL of two Gaussians"),
    "KL: the displacement by s": ("+ Delta**2 / v + sp.log(v / s)) / 2", "+ Delta**2 / s + sp.log(v / s)) / 2", "KL of two Gaussians"),
    "KL: the logarithm": ("+ Delta**2 / v + sp.log(v / s)) / 2", "+ Delta**2 / v + sp.log(s / v)) / 2", "KL of two Gaussians"),
    "KL: without 1/2": ("+ Delta**2 / v + sp.log(v / s)) / 2", "+ Delta**2 / v + sp.log(v / s))", "KL of two Gaussians"),
    "KL: the density": ("sp.exp(-(eta**2) / (2 * s)) / sp.sqrt(2", "sp.exp(-(eta**2) / (2 * s)) / sp.sqrt(4", "KL of two Gaussians"),
    "the example's trace": ("kl = (noise.trace() - 2 +", "kl = (noise.trace() - 1 +", "KL in the example"),
    "the example's determinant": ("- sp.log(noise.det())) / 2", "+ sp.log(noise.det())) / 2", "KL in the example"),
    "the example's displacement": ("noise.eigenvals()) + mu0.dot(mu0) / 2", "noise.eigenvals()) + mu0.dot(mu0)", "KL in the example"),
    "(3): N for 2N": ("theorem = Q + sp.sqrt((KL + sp.log(2 * (N - 1) / d)) / (2 * N))", "theorem = Q + sp.sqrt((KL + sp.log(2 * (N - 1) / d)) / N)", "(1) and (3)"),
    "(3): 4N for 2N": ("(N - 1) / d)) / (2 * N))", "(N - 1) / d)) / (4 * N))", "(1) and (3)"),
    "(3): ln(N - 1)": ("theorem = Q + sp.sqrt((KL + sp.log(2 * (N - 1) / d))", "theorem = Q + sp.sqrt((KL + sp.log((N - 1) / d))", "(1) and (3)"),
    "(3): ln 2N": ("theorem = Q + sp.sqrt((KL + sp.log(2 * (N - 1) / d))", "theorem = Q + sp.sqrt((KL + sp.log(2 * N / d))", "(1) and (3)"),
    "(3): delta not inverted": ("theorem = Q + sp.sqrt((KL + sp.log(2 * (N - 1) / d))", "theorem = Q + sp.sqrt((KL + sp.log(2 * (N - 1) * d))", "(1) and (3)"),
    "(3): minus": ("theorem = Q + sp.sqrt", "theorem = Q - sp.sqrt", "(1) and (3)"),
    "(3): without the root": ("theorem = Q + sp.sqrt((KL", "theorem = Q + ((KL", "(1) and (3)"),
    "A": ("A, B = 1 / sp.sqrt(2)", "A, B = sp.Rational(1, 2)", "(1) and (3)"),
    "B": ("sp.log(2 * (N - 1) / d)\nequation", "sp.log(2 * sp.sqrt(N) / d)\nequation", "(1) and (3)"),
    "(1): N": ("A * sp.sqrt((KL + B) / N)", "A * sp.sqrt((KL + B) / (2 * N))", "(1) and (3)"),
    "the example's N": ("KL: kl, N: 1000, d: delta}\nbound", "KL: kl, N: 999, d: delta}\nbound", "(3) in the example"),
    "tilted by -phi": ("p * sp.exp(f) / mean", "p * sp.exp(-f) / mean", "change of measure"),
    "tilted twice": ("p * sp.exp(f) / mean", "p * sp.exp(2 * f) / mean", "change of measure"),
    "tilted without the prior": ("p * sp.exp(f) / mean", "sp.exp(f) / mean", "change of measure"),
    "the change's logarithm": ("+ sp.log(mean)", "- sp.log(mean)", "change of measure"),
    "the change's divergence": ("sides - divergence(posterior, tilted)", "sides - divergence(tilted, posterior)", "change of measure"),
    "xi: a power": ("sp.Rational(k, n) ** k * sp", "sp.Rational(k, n) ** (k + 1) * sp", "the moment"),
    "the moment: N": ("sp.exp(n * coin_kl", "sp.exp(2 * n * coin_kl", "the moment"),
    "the moment: the chances": ("p**k * (1 - p) ** (n - k) for k", "(1 - p) ** k * p ** (n - k) for k", "the moment"),
    "kl: its second half": ("((q, p), (1 - q, 1 - p))", "((q, p), (1 - q, p))", "the moment"),
    "2 (N - 1)": ("4 * (N * (N - 3) + 1)", "4 * (N * (N - 2) + 1)", "2 sqrt(N) against 2 (N - 1)"),
    "2 sqrt(N)": ("- (2 * sp.sqrt(N)) ** 2", "- (2 * N) ** 2", "2 sqrt(N) against 2 (N - 1)"),
    "Pinsker with 4": ("- 2 * (q - p) ** 2, p)", "- 4 * (q - p) ** 2, p)", "Pinsker"),
    "Pinsker without 2": ("- 2 * (q - p) ** 2, p)", "- (q - p) ** 2, p)", "Pinsker"),
    "Pinsker's slope": ("(p - q) * (1 - 2 * p) ** 2", "(p - q) * (1 - 2 * p)", "Pinsker"),
    "order: Maurer": ("sp.log((N - 1) / sp.sqrt(N))", "sp.log((N - 1) / N)", "Maurer"),
    "order: Maurer's logarithm": ("sp.log(2 * sp.sqrt(N)) + log", "sp.log(sp.sqrt(N)) + log", "Maurer"),
    "order: McAllester": ("2 - ratio,", "1 - ratio,", "McAllester"),
    "order: McAllester's factor": ("+ log + 2) / (2 * N - 1)", "+ log + 2) / (2 * N)", "McAllester"),
    "order: the textbook": ("-ratio,", "ratio,", "textbook"),
    "order: the theorem": ("T = (KL + sp.log(2 * (N - 1)) + log)", "T = (KL + sp.log(2 * N) + log)", "Maurer"),
    "kl's slope in p": ("(p - q) / (p * (1 - p)),\n", "(q - p) / (p * (1 - p)),\n", "kl rises in p"),
    "kl's slope in q": ("sp.log(q * (1 - p) / (p * (1 - q)))", "sp.log(p * (1 - q) / (q * (1 - p)))", "kl falls in q"),
    "the inverse at 0": ("1 - sp.exp(-c),", "1 - sp.exp(-2 * c),", "the inverse at 0"),
    "the inverse in the example": ("coin_kl(risk, sharper)", "coin_kl(sharper, risk)", "kl inverse in the example"),
    "the envelope with 4N": ("line = beta * K + 1 / (8 * N * beta)", "line = beta * K + 1 / (4 * N * beta)", "the best beta"),
    "the envelope: beta lost": ("line = beta * K + 1 / (8 * N * beta)", "line = K + 1 / (8 * N * beta) + beta", "the best beta"),
    "the best beta": ("1 / sp.sqrt(8 * N * K)", "1 / (8 * N * K)", "the best beta"),
    "the root": ("sp.sqrt(K / (2 * N)),", "sp.sqrt(K / N),", "the envelope"),
    "the square": ("sp.sqrt(beta * K) - 1 / sp.sqrt(8 * N * beta)", "sp.sqrt(beta * K) + 1 / sp.sqrt(8 * N * beta)", "the square"),
    "(4) rewards loss": ("gibbs = [p * sp.exp(-r / beta)", "gibbs = [p * sp.exp(r / beta)", "the Gibbs posterior"),
    "(4) without the prior": ("gibbs = [p * sp.exp(-r / beta)", "gibbs = [sp.exp(-r / beta)", "the Gibbs posterior"),
    "(4): beta": ("beta * divergence(\n    posterior, P", "divergence(\n    posterior, P", "the Gibbs posterior"),
    "V": ("objective + beta * sp.log(partition)", "objective - beta * sp.log(partition)", "the Gibbs posterior"),
    "Hoeffding: the mean": ("* sp.exp(-t)) + p * t", "* sp.exp(-t)) + t", "Hoeffding at 0"),
    "Hoeffding: the coin": ("tilted_p = p * sp.exp(-t)", "tilted_p = p * sp.exp(t)", "Hoeffding"),
    "Hoeffding: 1/4": ("sp.Rational(1, 4) - second", "sp.Rational(1, 8) - second", "Hoeffding"),
    "the certificate: delta not inverted": ("beta * KL + beta * log", "beta * KL - beta * log", "the certificate"),
    "the certificate: 16N": ("beta * log + 1 / (8 * N * beta)", "beta * log + 1 / (16 * N * beta)", "the certificate"),
    "the certificate: beta squared": ("beta * log + 1 / (8 * N * beta)", "beta * log + 1 / (8 * N * beta**2)", "the certificate"),
    "the certificate: minus": ("beta * log + 1 / (8 * N * beta)", "beta * log - 1 / (8 * N * beta)", "the certificate"),
    "the certificate: t": ("moment = N * (1 / (N * beta)) ** 2 / 8", "moment = (1 / (N * beta)) ** 2 / 8", "the certificate"),
    "the certificate's least value": ("(KL + log) / (2 * N)", "(KL + log) / N", "its least value"),
    "2.1": ("plain_kl = mu0.dot(mu0) / sp.Integer(2)", "plain_kl = -mu0.dot(mu0) * sp.Integer(2)", "Exercise 2.1"),
    "2.2": ("sp.diff(plain_noise, s)", "sp.diff(plain_noise, s, 2)", "Exercise 2.2"),
    "2.3": ("(1, 1 / tosses)", "(1, 2 / tosses)", "Exercise 2.3"),
    "2.4": ("ratio_at / sp.sqrt(2 * c)", "ratio_at / sp.sqrt(c)", "Exercise 2.4"),
    "2.5": ("if claim < 0.5", "if claim < 0.4", "Exercise 2.5"),
    "2.6": ("d: delta / 100", "d: delta * 100", "Exercise 2.6"),
    "2.7": ("sp.log(2 * sp.Integer(999) / delta)", "sp.log(sp.Integer(999) / delta)", "Exercise 2.7"),
}  # fmt: skip

PROOF_MUTANTS = {
    "the moment": ("(sp.Rational(n - k, n) / (1 - p)) ** (", "(sp.Rational(n - k, n) / p) ** (", "the moment, N = 2"),
    "the chances": ("sp.binomial(n, k) * p**k", "p**k", "the moment, N = 2"),
    "Stirling's bound": ("sp.sqrt(sp.pi / 2)) * sp.sqrt(N) - 2", "sp.sqrt(sp.pi / 2)) * sp.sqrt(N) - 1", "Stirling's bound"),
    "xi^2 <= 4 N": ("value**2 <= 4 * n", "value**2 <= 3 * n", "xi(N)^2 <= 4 N"),
    "the equivalent sum": ("Fraction(perm(n, j), n**j)", "Fraction(perm(n, j), (n + 1) ** j)", "the equivalent sum"),
    "pi N/2": ("mp.sqrt(mp.pi * n / 2)", "mp.sqrt(mp.pi * n / 4)", "xi(N) <= 2 + sqrt(pi N/2)"),
    "2 sqrt(N)": ("value <= 2 * mp.sqrt(n)", "value <= mp.sqrt(n)", "xi(N) <= 2 sqrt(N)"),
    "the reduction": ("mp.exp(n * bernoulli(x, mean))", "mp.exp(2 * n * bernoulli(x, mean))", "the reduction"),
    "N = 2: the exponent": ("np.exp(4 * points**2)", "np.exp(8 * points**2)", "N = 2"),
    "N = 2: the tail": ("points - 0.5) ** 2)", "points - 0.5) * 2)", "N = 2"),
    "N to 10": ("largest_moment(n) <= 2 * (n - 1)", "largest_moment(n) <= (n - 1)", "N = 2 to 10"),
    "above the inverse": ("mp.log(2 * mp.mpf(n - 1)", "mp.log(mp.mpf(1) / mp.mpf(n - 1)", "the theorem above the inverse of kl"),
    "the package": ("/ exact - 1", "/ exact - 2", "the package's bound"),
    "the package's inverse": ("bounds.kl_inverse(q, budget)", "bounds.kl_inverse(q, 0.9 * budget)", "the package's inverse"),
    "the certificate": ("extra = beta * np.log(1 / delta) +", "extra = 0 * beta +", "the certificate of one hypothesis"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_changed_formula_stops_the_chapter(name):
    old, new, message = MUTANTS[name]
    stops(CHAPTER, old, new, f"^{re.escape(message)}.* does not hold")


@pytest.mark.parametrize("name", PROOF_MUTANTS)
def test_a_changed_formula_stops_the_proof(name):
    old, new, message = PROOF_MUTANTS[name]
    stops(PROOF, old, new, f"^{re.escape(message)}.* does not hold")
