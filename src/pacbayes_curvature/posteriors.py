"""Posteriors over a whole grid of (lam, beta), in closed form: the three of the paper's section 6, and any that is added here.

Prior N(mu_1, lam I), posterior N(mu_0, Sigma_0). By Lemma 4.1, in the eigenbasis of a layer's H with eigenvalues g,
every neuron of the layer has Sigma_0 = beta (H + (beta/lam) I)^-1 = lam / (1 + rho g), rho = lam / beta. So one
eigendecomposition a layer serves all grid points. The methods differ only in the H that they put in, see `posterior`.

Legend: G grid points, k = n_in + 1 inputs of a neuron with its bias, r <= k directions with a curvature,
D = |W - W_init|_F^2.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pacbayes_curvature._arrays import real

Spectrum = tuple[np.ndarray, np.ndarray]  # eigenvalues (k,), descending, and eigenvectors (k, k), in columns


@dataclass(frozen=True)
class Posterior:
    """A method: its name in figures, its colour and marker there, and the curvature it puts in.

    curvature: from the second moment H (k, k) of a layer's inputs and its spectrum, the g (r,) and the basis (k, r), None
    for the coordinate basis. eigenvectors: whether it needs the spectrum, which costs a decomposition.
    """

    title: str
    colour: str
    marker: str
    curvature: Callable[[np.ndarray, Spectrum | None], tuple[np.ndarray, np.ndarray | None]]
    eigenvectors: bool


POSTERIORS: dict[str, Posterior] = {}


def posterior(title: str, colour: str, marker: str, eigenvectors: bool = False) -> Callable:
    """Enter the decorated curvature into POSTERIORS under its own name: all that a new posterior needs, but for its dense twin
    in tests/method/test_posteriors.py. Colours: Okabe and Ito's palette, distinct for colour-blind readers."""

    def enter(curvature: Callable) -> Callable:
        POSTERIORS[curvature.__name__] = Posterior(title, colour, marker, curvature, eigenvectors)
        return curvature

    return enter


@posterior("Baseline", colour="#0072B2", marker="o")
def baseline(moment: np.ndarray, spectrum: Spectrum | None) -> tuple[np.ndarray, None]:
    """0: Sigma_0 = lam I, the prior's covariance; beta has no effect."""
    return np.zeros(len(moment)), None


@posterior("Diag Hessian", colour="#D55E00", marker="s")
def diag(moment: np.ndarray, spectrum: Spectrum | None) -> tuple[np.ndarray, None]:
    """The diagonal of H_l, in the coordinate basis."""
    return np.diag(moment).copy(), None


@posterior("Full L Hessian", colour="#009E73", marker="^", eigenvectors=True)
def layerwise(moment: np.ndarray, spectrum: Spectrum | None) -> Spectrum:
    """H_l ("Full L"), in its eigenbasis."""
    return spectrum


METHODS = tuple(POSTERIORS)


def entry(method: str) -> Posterior:
    """The entry of `method`. Raises ValueError, listing the valid names, for an unknown one."""
    if method not in POSTERIORS:
        raise ValueError(f"unknown method {method!r}; valid: {', '.join(POSTERIORS)}")
    return POSTERIORS[method]


@dataclass(frozen=True)
class LayerPosterior:
    """What all posteriors of one layer share over the grid.

    curvature: (r,) eigenvalues g >= 0, descending where there is a basis; basis: (k, r) eigenvectors in columns, None for
    the coordinate basis; neurons: n_out; squared_distance: D of the layer. With r < k (`curvature.low_rank`) the curvature
    is 0, and the posterior variance lam, along all directions that the basis lacks.
    """

    curvature: np.ndarray
    basis: np.ndarray | None
    neurons: int
    squared_distance: float

    @property
    def low_rank(self) -> bool:
        """Whether r < k."""
        return self.basis is not None and self.basis.shape[1] < self.basis.shape[0]


def layer_posterior(
    method: str, moment: np.ndarray, spectrum: Spectrum | None, neurons: int, squared_distance: float
) -> LayerPosterior:
    """The posteriors of `method` for a layer with second moment H (k, k) and its spectrum, None where it needs none.

    Raises ValueError, listing the valid names, for another method. Source: section 6; Eq. (6) with H from Eq. (34).
    """
    return LayerPosterior(*entry(method).curvature(moment, spectrum), neurons, squared_distance)


def variances(layer: LayerPosterior, lam: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """lam / (1 + rho g): (G, r) posterior variances along the layer's basis, for grid points lam, beta (G,). Eq. (6).

    Raises ValueError as `kl_divergence`.
    """
    lam, beta = _grid(lam, beta)
    return lam / (1 + _scaled_curvature(layer, lam, beta))


def kl_divergence(layers: list[LayerPosterior], lam: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """KL(Q||P) in nats at each grid point: (G,).

    (1/2) sum_l [ D_l / lam + n_out sum_i ( ln(1 + rho g_i) - rho g_i / (1 + rho g_i) ) ]: the Gaussians' divergence
    with Eq. (6) put in. Raises ValueError unless lam > 0 and beta > 0, lam is finite, and rho g_i is in float64's range.
    """
    lam, beta = _grid(lam, beta)
    total = np.zeros(len(lam))
    for layer in layers:
        t = _scaled_curvature(layer, lam, beta)
        total += layer.squared_distance / lam[:, 0] + layer.neurons * (np.log1p(t) - t / (1 + t)).sum(axis=1)
    return total / 2


def expected_quadratic_loss(layers: list[LayerPosterior], lam: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """(1/2) sum_l n_out tr(H_l Sigma_l) at each grid point: (G,), in the units of H. Eq. (13), first term.

    Raises ValueError as `kl_divergence`.
    """
    lam, beta = _grid(lam, beta)
    total = np.zeros(len(lam))
    for layer in layers:
        total += layer.neurons * (variances(layer, lam, beta) @ layer.curvature)
    return total / 2


def _grid(lam: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lam, beta = (real(name, values).reshape(-1, 1) for name, values in (("lam", lam), ("beta", beta)))
    if lam.shape != beta.shape:
        raise ValueError(f"one beta for each lam is needed, got {len(lam)} lam and {len(beta)} beta")
    for name, values in (("lam", lam), ("beta", beta)):
        if not (values > 0).all():
            raise ValueError(f"{name} must be positive, got {values[~(values > 0)][0]}")
    if np.isinf(lam).any():
        raise ValueError("lam must be finite, got inf")
    return lam, beta


def _scaled_curvature(layer: LayerPosterior, lam: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """rho g: (G, r), for lam and beta from `_grid`."""
    with np.errstate(over="ignore", invalid="ignore"):
        t = lam / beta * layer.curvature
    if not (within := np.isfinite(t).all(axis=1)).all():
        at = int(within.argmin())
        raise ValueError(
            "lam / beta times the curvature must be a number in float64's range, "
            f"got {lam[at, 0]:.3g} / {beta[at, 0]:.3g} times up to {layer.curvature.max():.3g}"
        )
    return t
