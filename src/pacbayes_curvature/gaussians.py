"""Gaussian priors and posteriors: their KL divergence, and the optima of Lemmas 4.1 and 4.2.

Q = N(mu0, S0) is the posterior and P = N(mu1, S1) the prior over k weights; Delta = mu0 - mu1, H is the loss's Hessian
at mu0. A covariance is a matrix (k, k), a vector (k,) for a diagonal one, or a number for a multiple of the identity.
The paper's prior covariance is a product, lam Sigma1; here S1 and nu1 stand for the whole of it.

Arguments are numbers, lists, numpy arrays or torch tensors; results come back in the same kind (lists as arrays), in
float32 if all arrays are, computed in float64. Gradients pass through tensors.
"""

from typing import Any, NamedTuple

import torch

from pacbayes_curvature._arrays import (
    border,
    cholesky,
    require,
    require_finite,
    require_positive,
    require_same_shape,
    require_scalar,
    symmetric,
)


def kl_term(a, b, difference):
    """a ln(a/b) + b - a, elementwise: the divergence between two positive numbers. Never negative, 0 only at a = b.

    Every KL divergence of this package is a sum of such terms and of squares, so none can cancel below 0. `difference`
    is b - a, which the caller may know more accurately than a and b show. float64 tensors, a >= 0, b >= 0; a = 0 gives
    b, b = 0 < a gives inf. The relative error stays within some ten roundings however close a and b are.
    """
    return _KLTerm.apply(*torch.broadcast_tensors(a, b, difference))


class _KLTerm(torch.autograd.Function):
    """With z = (b - a)/(b + a), ln(b/a) = 2 artanh z, so the term is z [ (b - a) - 2 a (z^2/3 + z^4/5 + ...) ]."""

    @staticmethod
    def forward(ctx, a, b, difference):
        ctx.save_for_backward(a, b, difference)
        total = a + b
        z = difference / torch.where(total > 0, total, 1.0)
        close = z.abs() <= 0.5
        z = torch.where(close, z, 0.0)
        square = z.square()
        series = torch.zeros_like(z)
        for n in reversed(range(25)):  # the first neglected term is below 4^-25 / 53, far under a rounding
            series.mul_(square).add_(1 / (2 * n + 3))
        near = z * (difference - 2 * a * square * series)

        ratio = torch.where(a > 0, a / b, 1.0)
        log_ratio = torch.where(ratio.isfinite(), ratio.log(), a.log() - b.log())  # b subnormal: a/b overflows
        return torch.where(close, near, a * log_ratio + difference)

    @staticmethod
    def backward(ctx, grad):
        # Exact at a = b and at a = 0, where autograd through the two branches is not; `difference` counts as a and b.
        a, b, difference = ctx.saved_tensors
        return -grad * torch.log1p(difference / a), grad * difference / b, None


def kl_divergence(mean_q, cov_q, mean_p, cov_p):
    """KL(Q||P) = (1/2) [ tr(S1^-1 S0) - k + Delta' S1^-1 Delta + ln(det S1 / det S0) ], in nats.

    Diagonal, with r = v0/v1: (1/2) sum_i [ (r_i - 1) - ln r_i + Delta_i^2 / v1_i ]. Matrices, with S = L L' (Cholesky)
    and B = L1^-1 (L0 - L1): (1/2) [ |B|_F^2 + |L1^-1 Delta|^2 ] + sum_i [ B_ii - ln(1 + B_ii) ]. No term is negative,
    so KL >= 0, and 0 exactly for equal arguments. Blocks of a block-diagonal pair add.

    mean_q, mean_p  (k,), or a number for k equal entries
    cov_q, cov_p    (k, k), (k,) or a number, in any mixture
    Returns one number. ValueError: shapes that do not fit, a variance that is not positive, a matrix that is not
    symmetric or not positive definite, anything not finite.

    Source: the KL term of Eq. (4), spelled out in Eq. (12).

    >>> kl_divergence([1.0, 0.0], 1.0, 0.0, 1.0)  # a unit shift of one of two weights
    np.float64(0.5)
    """
    (mu0, S0, mu1, S1), form = border(mean_q=mean_q, cov_q=cov_q, mean_p=mean_p, cov_p=cov_p)
    k = _dimension(means=dict(mean_q=mu0, mean_p=mu1), matrices=dict(cov_q=S0, cov_p=S1))
    require_finite(mean_q=mu0, mean_p=mu1)
    delta = mu0 - mu1
    if S0.ndim < 2 and S1.ndim < 2:
        require_positive(cov_q=S0, cov_p=S1)
        # A power of 2, which rounds nothing: else a term, or a sum of variances, may leave the range where their ratio does not.
        larger = torch.maximum(S0, S1)
        up = torch.ones_like(larger).masked_fill(larger < 2.0**-300, 2.0**600).masked_fill(larger > 2.0**1000, 2.0**-12)
        far = (
            S1 / S0
        ).isinf()  # no power of 2 brings both into the range; S0 / S1 is then below any rounding of the logarithm
        near = torch.where(far, S1, S0)
        terms = kl_term(S1 * up, near * up, (near - S1) * up) / (S1 * up) + (delta / S1.sqrt()).square()
        terms = terms + torch.where(far, S1.log() - torch.where(far, S0, 1.0).log() - 1, 0.0)
        terms = torch.where((S0 / S1).isinf(), torch.inf, terms)  # where S1 / S0 may be 0, and its logarithm -inf
        return form(terms.sum() / 2)
    L0, L1 = _factor("cov_q", S0, k, form), _factor("cov_p", S1, k, form)
    B = torch.linalg.solve_triangular(L1, L0 - L1, upper=False)
    shift = torch.linalg.solve_triangular(L1, delta.expand(k)[:, None], upper=False)
    d0, d1 = L0.diagonal(), L1.diagonal()
    return form((B.square().sum() + shift.square().sum()) / 2 + (kl_term(d1, d0, d0 - d1) / d1).sum())


def optimal_posterior(hessian, prior_covariance, beta):
    """Sigma0* = beta (H + beta P^-1)^-1: the covariance that minimises tr(H S0)/2 + beta KL(N(mu0, S0) || N(mu1, P)).

    hessian           H: (k, k) symmetric, (k,) for a diagonal, or a number for a multiple of the identity
    prior_covariance  P = lam Sigma1: (k, k), (k,) or a number
    beta              a number > 0
    Returns (k, k) if either is a matrix, else (k,), else a number. The means do not enter. Computed as
    L (I + L' H L / beta)^-1 L' with P = L L', which inverts neither H nor P and is symmetric.
    ValueError: shapes that do not fit, beta or a prior variance not positive, a matrix not symmetric, P or H + beta
    P^-1 not positive definite, anything not finite. H itself may be indefinite; where the sum is too, the objective has
    no minimum, which the paper leaves unsaid.

    Source: Lemma 4.1, Eq. (6), where beta P^-1 is written (beta/lam) Sigma1^-1; proof Eqs. (12)-(14).

    >>> optimal_posterior([3.0, 0.0], prior_covariance=1.0, beta=1.0)  # a curved and a flat direction
    array([0.25, 1.  ])
    """
    (H, P, beta), form = border(hessian=hessian, prior_covariance=prior_covariance, beta=beta)
    k = _dimension(means={}, matrices=dict(hessian=H, prior_covariance=P))
    require_scalar(beta=beta)
    require_positive(beta=beta)
    require_finite(hessian=H)
    rule = "H + beta P^-1 must be positive definite (raise beta, or use a positive semidefinite curvature)"
    if H.ndim < 2 and P.ndim < 2:
        require_positive(prior_covariance=P)
        precision = 1 + H / beta * P  # in units of the prior's
        require(precision > 0, f"{rule}; its smallest eigenvalue in units of the prior's precision", precision)
        overflow = precision.isinf()  # then beta / H to all digits
        return form(
            torch.where(overflow, beta / torch.where(overflow, H, 1.0), P / torch.where(overflow, 1.0, precision))
        )
    L = _factor("prior_covariance", P, k, form)
    H = symmetric("hessian", H, form) if H.ndim == 2 else torch.diag(H.expand(k))
    C = cholesky(torch.eye(k, dtype=H.dtype, device=H.device) + L.mT @ H @ L / beta, rule)
    root = torch.linalg.solve_triangular(C, L.mT, upper=False)
    return form(root.mT @ root)


class OptimalPair(NamedTuple):
    """Lemma 4.2's optimum, coordinate by coordinate; `kl` and `expected_loss` are yet to be summed."""

    prior_variance: Any  # nu1*, the paper's lam / Lam_i1*
    posterior_variance: Any  # nu0*, the paper's 1 / Lam_i0*
    kl: Any  # KL_i*, in nats
    expected_loss: Any  # E_i* = h_i nu0_i* / 2, in the loss's units


def optimal_prior_and_posterior(curvature, displacement, beta):
    """The variances (nu1, nu0) that minimise h nu0/2 + beta KL(N(mu0, nu0) || N(mu1, nu1)), for each coordinate.

    With R = sqrt(h^2 + 4 beta h / Delta^2) and t = h Delta^2 / beta:
        nu0* = 2 beta / (h + R),  nu1* = 2 beta / (R - h) = nu0* + Delta^2,
        KL* = (1/2) ln(1 + Delta^2 / nu0*) = arcsinh(sqrt(t) / 2),  E* = h nu0* / 2 = (beta/2)(1 - exp(-2 KL*)).
    The floor of Eq. (9) is sum E* + beta sum KL*: its first sum is E*, its second beta KL*.

    curvature     h_i = H_ii >= 0, any shape; the loss's scale (mean or sum over examples) must be beta's
    displacement  Delta_i = mu0_i - mu1_i, the same shape, or either a number
    beta          a number > 0
    Returns an `OptimalPair`. Where the infimum is only approached, its limit is returned, with gradient 0: at h = 0
    both variances are +inf, KL* = E* = 0; at Delta = 0 < h both variances are 0, KL* = E* = 0.
    ValueError: h < 0 (unbounded below), beta not positive, shapes that differ, anything not finite.

    Source: Lemma 4.2, Eqs. (7)-(9), proof (15)-(30). The paper's Lam_i1* = lam (R_i - h_i) / (2 beta) is the precision
    of Sigma1; prior_variance is lam / Lam_i1*, the variance of lam Sigma1, in which lam cancels. R - h, as printed,
    loses all digits for large t. The pair depends on the data: (9) is a floor for diagonal Gaussians, never a
    certificate.

    >>> pair = optimal_prior_and_posterior(curvature=2.0, displacement=1.0, beta=1.0)
    >>> round(pair.prior_variance - pair.posterior_variance, 12)  # the displacement squared
    1.0
    """
    (h, delta, beta), form = border(curvature=curvature, displacement=displacement, beta=beta)
    require_scalar(beta=beta)
    require_positive(beta=beta)
    require_same_shape(curvature=h, displacement=delta)
    require_finite(curvature=h, displacement=delta)
    require(h >= 0, "curvature must be nonnegative (below 0 the objective has no lower bound)", h)

    h, delta = torch.broadcast_tensors(h, delta)
    attained = (h > 0) & (delta != 0)
    limit = torch.where(h > 0, 0.0, torch.inf)
    h, size = torch.where(attained, h, 1.0), torch.where(attained, delta.abs(), 1.0)
    # Square roots first, so that for all normal h, Delta, beta no intermediate leaves the range unless the result does.
    rate = h.sqrt() / beta.sqrt()
    shrunk = 1 / (rate / 2 + torch.hypot(rate / 2, 1 / size))  # |Delta| exp(-KL*)
    half = rate * size / 2  # sqrt(t) / 2
    moderate = half < 1e100
    kl = torch.where(moderate, torch.where(moderate, half, 1.0).asinh(), size.log() - shrunk.log())
    loss = h.sqrt() * beta.sqrt() * shrunk / 2
    nu0 = shrunk / rate
    nu0, nu1 = torch.where(attained, nu0, limit), torch.where(attained, nu0 + size.square(), limit)
    kl, loss = torch.where(attained, kl, 0.0), torch.where(attained, loss, 0.0)
    return OptimalPair(form(nu1), form(nu0), form(kl), form(loss))


def _dimension(means, matrices):
    """k, the one length that all arguments share; 1 if all are numbers."""
    arguments = {**means, **matrices}
    shapes = {name: tuple(a.shape) for name, a in arguments.items()}
    lengths = {length for shape in shapes.values() for length in shape}
    fits = all(a.ndim <= 1 for a in means.values()) and all(a.ndim <= 2 for a in matrices.values())
    if not fits or len(lengths) > 1:
        vectors = f"{', '.join(means)} must be (k,) and " if means else ""
        raise ValueError(f"{vectors}{', '.join(matrices)} must be (k,) or (k, k), with one k for all, got {shapes}")
    return lengths.pop() if lengths else 1


def _factor(name, covariance, k, form):
    """Lower L with L L' = covariance, (k, k)."""
    if covariance.ndim < 2:
        require_positive(**{name: covariance})
        return torch.diag(covariance.sqrt().expand(k))
    return cholesky(symmetric(name, covariance, form), f"{name} must be positive definite")
