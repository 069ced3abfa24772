"""Gaussian posteriors whose weights are independent in coordinates of each layer's own.

    W_l = V_l E_l U_l',  E_ji ~ N(M_ji, v_ji) independent,

with orthogonal U_l (k, k) for the inputs and V_l (n_out, n_out) for the outputs; None stands for the identity. The family holds the
paper's three posteriors (V = I, all neurons alike), mean-field variational inference (U = V = I), Laplace with Kronecker
factors and EKFAC (U, V their eigenvectors), SWAG's diagonal. The prior N(mu_1, lam_l I) of a layer looks the same in all of them.

Legend: N examples, L layers, k = n_in + 1 inputs of a neuron with its bias.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn.functional import linear

from pacbayes_curvature.gaussians import kl_term
from pacbayes_curvature.gibbs.level import Level, Noise
from pacbayes_curvature.gibbs.outcomes import Tally, wrong_probability
from pacbayes_curvature.networks import Weights, affine
from pacbayes_curvature.posteriors import LayerPosterior, variances

Bases = Sequence[torch.Tensor | None]


@dataclass(frozen=True)
class Coordinates:
    """U_l and V_l of each layer, in columns; None for the identity."""

    inputs: Bases
    outputs: Bases

    @staticmethod
    def weights(layers: int) -> "Coordinates":
        """The weights themselves."""
        return Coordinates([None] * layers, [None] * layers)

    def of(self, weights: Weights) -> Weights:
        """V' W U of each layer."""
        return [_product(_transposed(v), w, u) for w, u, v in zip(weights, self.inputs, self.outputs)]

    def back(self, entries: Weights) -> Weights:
        """V E U' of each layer."""
        return [_product(v, e, _transposed(u)) for e, u, v in zip(entries, self.inputs, self.outputs)]


@dataclass(frozen=True)
class MeanField:
    """mean: the weights W_l (n_out, k), in no rotated coordinates; variances: v_l, (n_out, k), or (1, k) where all neurons are alike, along
    the coordinates; coordinates: by default the weights themselves.

    >>> q = MeanField([torch.ones(2, 3)], [torch.full((1, 3), 0.5)])
    >>> round(q.kl([torch.zeros(2, 3)], 0.5), 6)  # |mean - prior mean|^2 / (2 lam)
    6.0
    """

    mean: Weights
    variances: Weights
    coordinates: Coordinates = field(default=None)

    def __post_init__(self):
        if self.coordinates is None:
            object.__setattr__(self, "coordinates", Coordinates.weights(len(self.mean)))
        for layer, (w, v) in enumerate(zip(self.mean, self.variances, strict=True), start=1):
            if v.shape not in (w.shape, (1, w.shape[1])):
                raise ValueError(
                    f"variances of layer {layer} must be {tuple(w.shape)} or (1, {w.shape[1]}), got {tuple(v.shape)}"
                )
            if not bool((v.isfinite() & (v >= 0)).all()):
                raise ValueError(f"variances of layer {layer} must be finite and nonnegative")
            if not bool(w.isfinite().all()):
                raise ValueError(f"the weights of layer {layer} must be finite")

    def kl(self, prior_mean: Weights, lam: float | Sequence[float | torch.Tensor]) -> float:
        """(1/2) sum_l [ sum_ji (v_ji/lam_l - 1 - ln(v_ji/lam_l)) + |W_l - W_1l|_F^2 / lam_l ]: KL(Q||P) in nats.

        P = N(prior_mean, lam_l I), a lam for each layer or one for all; for a layer also a column (n_out, 1), a lam for each neuron, if its outputs
        are in no other coordinates. Computed in float64; inf where a variance is 0.
        ValueError: lam that is not positive, a column where the outputs are in other coordinates, other shapes.
        """
        total, lam = 0.0, each_layers(lam, len(self.mean))
        for w, v, w1, lam_l, outputs in zip(
            self.mean, self.variances, prior_mean, lam, self.coordinates.outputs, strict=True
        ):
            if w1.shape != w.shape:
                raise ValueError(f"the prior's mean must have shape {tuple(w.shape)}, got {tuple(w1.shape)}")
            if outputs is not None and np.ndim(lam_l):
                raise ValueError("a lam for each neuron needs outputs in no other coordinates")
            ratio = (v.double() / lam_l).expand_as(w)
            spread = kl_term(torch.ones_like(ratio), ratio, ratio - 1)
            total += (spread + (w.double() - w1.double()).square() / lam_l).sum().item()
        return total / 2

    def draw(self, generator: torch.Generator) -> Weights:
        """One network from Q."""
        noise = [
            v.sqrt() * torch.randn(w.shape, generator=generator, device=generator.device, dtype=w.dtype).to(w.device)
            for w, v in zip(self.mean, self.variances)
        ]
        return [w + e for w, e in zip(self.mean, self.coordinates.back(noise))]

    def tally(self, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator, passes: int = 1) -> Tally:
        """Outcomes of the Gibbs classifier on x (N, d), y (N,): m = passes N of them, as a certificate needs them.

        Local reparametrisation (Kingma, Salimans and Welling 2015): each example has noise of its own in each neuron. Given the inputs of a
        layer its pre-activations are Gaussian, a ~ N(W (z, 1), V diag(s^2) V'), s_j^2 = sum_i v_ji c_i^2, c = U'(z, 1), whatever the
        distribution of the weights of other layers: so an outcome has the expectation that it has for one network drawn for all
        examples, and outcomes of different examples and passes are independent. No approximation is made.
        ValueError: outputs of the last layer in other coordinates with more than two classes.
        """
        return _Outcomes(self).tally(x, y, generator, passes)


def along_curvature(weights: Weights, layers: list[LayerPosterior], lam: float, beta: float) -> MeanField:
    """The posterior of Lemma 4.1 with the curvature of `layers` (`posteriors.layer_posterior`), at one lam and beta. ValueError: a low-rank basis."""
    bases = [None if layer.basis is None else torch.from_numpy(layer.basis).to(w) for w, layer in zip(weights, layers)]
    if any(layer.low_rank for layer in layers):
        raise ValueError("a basis must be complete")
    spread = [torch.from_numpy(variances(layer, [lam], [beta])).to(w) for w, layer in zip(weights, layers)]
    return MeanField(weights, spread, Coordinates(bases, [None] * len(weights)))


class Layer:
    """A layer's moments and noise, given its inputs. mean: W itself (n_out, k); variances: along the coordinates."""

    def __init__(self, mean, variances, inputs, outputs):
        self.mean, self.variances, self.inputs, self.outputs = mean, variances, inputs, outputs

    def moments(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """W (z, 1) (n, n_out) and s (n, n_out) or (n, 1), along the coordinates of the outputs."""
        if self.inputs is None:
            s2 = affine(self.variances, z.square())
        else:
            s2 = linear(affine(self.inputs.T, z).square_(), self.variances)
        return affine(self.mean, z), s2.sqrt_()

    def noisy(self, a: torch.Tensor, s: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
        """a + V (s eps)."""
        return torch.addcmul(a, s, eps) if self.outputs is None else torch.addmm(a, s * eps, self.outputs.T)


class _Outcomes(Level):
    def __init__(self, q: MeanField):
        super().__init__(q.mean, 1)
        parts = zip(q.mean, q.variances, q.coordinates.inputs, q.coordinates.outputs)
        self.layers = [Layer(*part) for part in parts]
        if self.layers[-1].outputs is not None and len(q.mean[-1]) > 2:
            raise ValueError("with more than two classes the last layer's outputs must be in no other coordinates")

    def shared(self, x: torch.Tensor, points: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Moments of the first layer, which all passes share."""
        return self.layers[0].moments(x)

    def outcomes(
        self,
        shared: tuple[torch.Tensor, torch.Tensor],
        y: torch.Tensor,
        noise: Noise,
        points: np.ndarray,
        count: np.ndarray,
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """The probability of a wrong answer to each example, given the noise of all layers but the last."""
        a, s = (moment[: count[0]] for moment in shared)
        for layer, following, eps in zip(self.layers, self.layers[1:], noise.normal):
            a, s = following.moments(layer.noisy(a, s, eps).relu_())
        if (v := self.layers[-1].outputs) is not None:
            # Of two logits only the difference counts: its variance is sum_i s_i^2 (V_1i - V_0i)^2.
            gap = linear(s.square().expand_as(a), (v[1:] - v[:1]).square()).sqrt_()
            s = gap / 2**0.5
        yield 0, wrong_probability(a, s, y, noise.uniform[: len(y)])


def _product(left: torch.Tensor | None, w: torch.Tensor, right: torch.Tensor | None) -> torch.Tensor:
    w = w if right is None else w @ right
    return w if left is None else left @ w


def _transposed(basis: torch.Tensor | None) -> torch.Tensor | None:
    return None if basis is None else basis.T


def each_layers(lam: float | Sequence[float | torch.Tensor], layers: int) -> list:
    """lam of each layer, from one number or one for each, of which some may be tensors.

    ValueError: one that is not positive and finite, also when rounded to float32; too few or too many.
    """
    values = [lam] * layers if np.isscalar(lam) else list(lam)
    if len(values) != layers or not all(
        bool(((v := torch.as_tensor(value)) > 0).all() and v.isfinite().all()) for value in values
    ):
        raise ValueError(f"lam must be a positive number, or one for each of {layers} layers, got {lam}")
    return values
