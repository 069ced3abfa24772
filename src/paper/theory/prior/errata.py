"""Where the paper's text around Lemma 4.2, Eqs. (7)-(9) and (15)-(30), should read otherwise."""

from paper.theory.errata import Erratum
from paper.theory.prior import counterexamples

ERRATA = [
    Erratum(
        "Eqs. (7)-(9), curvature and displacement",
        r"No condition on $h_i$ and $\mu_{i0} - \mu_{i1}$.",
        r"$h_i > 0$ and $\mu_{i0} \ne \mu_{i1}$. For $h_i = 0$ or $\mu_{i0} = \mu_{i1}$ at least (9) is undefined; "
        r"the coordinate's term is its limit, 0, which is attained only if both vanish. For $h_i < 0$ the "
        r"objective has no lower bound.",
        "missing assumption",
        r"The lemma for $h_i > 0$ and $\mu_{i0} \ne \mu_{i1}$, and (9) for $h_i \ge 0$ with the limits put in.",
        counterexamples.unbounded_below,
    ),
    Erratum(
        "Eq. (9), the class of priors",
        "A lower bound under any Gaussian prior covariance.",
        r"Under any *diagonal* prior covariance. For a full one the best is $\Sigma_0 + \Delta\Delta^\top$, and the "
        r"floor is "
        r"$\mathrm{KL} \ge \frac12 \ln(1 + \Delta^\top H \Delta/(2E))$.",
        "wrong",
        "The bound for diagonal priors, which is what the abstract and the first note of section 4.2 say.",
        counterexamples.full_prior_below,
    ),
    Erratum(
        "Eq. (9), the objective",
        r"A lower bound on the IB-Lagrangian; one can rule out a proof of generalisation by any diagonal covariances.",
        "A lower bound on the quadratic model of the IB-Lagrangian. It bounds (4) itself where the expected loss is "
        "at least "
        r"its quadratic model, $\mathbb E_Q[\hat L] \ge \mathbb E[\frac12 \eta^\top H \eta]$. The abstract and the "
        r"footnote "
        "of section 4.2 say so.",
        "wrong",
        "The bound on the quadratic model.",
        counterexamples.bounded_loss_below,
    ),
    Erratum(
        "Eq. (19), the diagonal of the Hessian",
        r"The Hessian is approximated by its diagonal.",
        r"No approximation of $H$ is needed if $\Sigma_0$ is diagonal, for then "
        r"$\mathrm{tr}(H\Sigma_0) = \mathrm{tr}(\mathrm{diag}(H)\,\Sigma_0)$. That $\Sigma_0$ is diagonal is the "
        r"condition, and "
        "(9) is no bound without it.",
        "missing assumption",
        "The lemma for diagonal posteriors and every H with a positive diagonal, exactly.",
        counterexamples.full_posterior_below,
    ),
    Erratum(
        "Eq. (27), prefactor",
        r"From the sixth line on the denominator has $2\lambda$ (the numerators are illegible in our scan); (29) "
        r"repeats it.",
        r"$4\lambda$: the prefactor is $\beta^2 / (4\lambda\,\nu_0^2\,(h\lambda/\Lambda_1 + \beta)^2)$.",
        "typo",
        "The sign of the determinant, which is all that is used.",
        counterexamples.other_prefactor,
    ),
    Erratum(
        "Eq. (30), from local to global",
        r"$C_i \to \infty$ along each axis, so there are no other minima at the boundaries, and the stationary point "
        r"is global.",
        r"The four limits hold, but limits along the axes do not exclude lower values elsewhere. The objective is "
        r"strictly "
        r"convex in $(\ln\nu_0, \ln\nu_1)$, so its stationary point is the global minimum.",
        "incomplete proof",
        "The lemma, by the derivation of chapter 04 and by three more of its exercises; (18)-(20) alone prove it, too.",
        counterexamples.no_minimum,
    ),
    Erratum(
        "Figure 2, caption",
        "The curve, drawn over the training accuracy, is a lower bound.",
        r"The curve of Lemma 4.2 is an envelope over the expected quadratic loss $E$. Over the accuracy, pairs below "
        r"it exist.",
        "wrong",
        r"All points above the curve are feasible, over the accuracy too; and the envelope in the plane of $E$ and KL, "
        r"where no others are.",
        counterexamples.accuracy_below_the_curve,
    ),
    Erratum(
        "Section 6, the crossing of the lower bound",
        "Full L “slightly crosses our diagonal lower bound. This suggests that better approximations of the Hessian as "
        "well as better prior means […] might be needed”.",
        "The crossing is to be expected: (9) bounds diagonal posteriors, and Full L's are not diagonal. It says "
        "nothing about "
        "the quality of the Hessian.",
        "wrong",
        "The observation.",
        counterexamples.isotropic_crossing,
    ),
    Erratum(
        "Section 7, a lower bound on a PAC-Bayes bound",
        "(9) coincides with a lower bound on a PAC-Bayesian generalization bound for an invalid prior.",
        r"Not at a fixed $\beta$. The floor of (3) in the quadratic model is "
        r"$\min_\beta \{ V(\beta) + \beta c + 1/(8N\beta) \}$, $c = \ln(2(N-1)/\delta)$, with $V(\beta)$ the right "
        r"side of (9).",
        "missing assumption",
        r"The use of (7)-(9) over a sweep of $\beta$.",
        counterexamples.another_beta,
    ),
]
