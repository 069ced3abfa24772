"""What the table of the spectra holds."""

from paper.experiments.curvature_spectra.compute import curvature_spectra
from paper.results.table import ROUNDING, Table, count, number

TABLE = Table(
    curvature_spectra,
    "spectra",
    {
        "layer": count("layer, from 1, the one next to the inputs", minimum=1).key(),
        "index": count(
            "place in the layer, from 1; eigenvalue and diagonal are each in descending order", minimum=1
        ).key(),
        "eigenvalue": number(
            "eigenvalue of H_l, the mean of (z, 1)(z, 1)' over the training examples, z the layer input"
        ).within(ROUNDING),
        "diagonal": number("diagonal element of H_l, the matrix of eigenvalue").within(ROUNDING),
        "neurons": count("neurons of the layer: H_l is the curvature of each of them", "neurons", minimum=1).exact(),
        "squared_distance": number("|W_l - W_l^init|_F^2, the layer's part of |mu_0 - mu_1|^2").within(ROUNDING),
    },
)
