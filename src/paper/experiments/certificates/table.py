"""What the table of the certificates holds."""

from paper.experiments.certificates.compute import certificates
from paper.results import columns
from paper.results.table import Table, Within, count, number

# lam and beta are found on a flat minimum: where may move, and with it KL and errors, while the certificate's height hardly does.
HEIGHT = Within(absolute=5e-3)

SCORE = {
    "kl": columns.KL.ignored(),
    "errors": number("sum of the outcomes in [0, 1] on the training examples that the bound counts").ignored(),
    "outcomes": count("number of the outcomes", minimum=1).exact(),
    "n": count("training examples that the bound counts", "examples", minimum=8).exact(),
    "priors": count("priors among which the bound's was chosen, fixed in advance", minimum=1).exact(),
    "looked_at": count("posteriors whose outcomes were compared; 1 where these are of fresh noise", minimum=1).exact(),
    "certificate": number(
        "bound on the error of the stochastic network: certificate(errors, outcomes, kl, n, delta=0.05, delta_mc=0.01, "
        "priors=priors, looked_at=looked_at)"
    ).within(HEIGHT),
    "theorem_31": number("Theorem 3.1's bound, with the same events paid for").within(Within(absolute=1e-2)),
    "test_error": number("error of the stochastic network on the test examples").ignored(),
    "test_error_stderr": number("standard error of test_error").ignored(),
    "network_test_error": number("error on the test examples of the network at the posterior's mean").ignored(),
}

TABLE = Table(
    certificates,
    "the certificates",
    {
        "method": columns.METHOD.key(),
        "lam": columns.LAM.ignored(),
        "beta": columns.BETA.ignored(),
        **SCORE,
        "papers": number(
            "error plus complexity, as the paper plots it: neither the choice of lam nor the estimate is paid for"
        ).within(Within(absolute=1e-2)),
        "drawn_errors": number(
            "sum of the error rates of networks drawn from the posterior, on the same examples"
        ).ignored(),
        "drawn_outcomes": count("number of these networks", minimum=1).exact(),
        "drawn_certificate": number("the certificate from drawn_errors and drawn_outcomes").ignored(),
    },
)
