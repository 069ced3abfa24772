"""Optimising a bound: our descent against the same one in plain PyTorch, as published codes write it, at an equal certificate."""

import math
import time

import torch
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from pacbayes_curvature import descent
from pacbayes_curvature.certificates import certificate
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.descent import Descent, optimise
from pacbayes_curvature.mean_field import Coordinates, MeanField
from pacbayes_curvature.networks import Weights

from .pairs import entry
from .problems import Problem

LAM, PRIORS = 1e-2, 1  # fixed beforehand for both: nothing is chosen
EPOCHS = (1, 2, 4, 8)  # of ours, until its certificate is theirs or less


def run(problem: Problem, rounds: int, epochs: int) -> list[dict]:
    """The entry descent_vs_plain: their time for `epochs` over ours for the fewest of EPOCHS whose certificate is not larger.

    Both start at the initialisation with the prior's variance, LAM in every layer, batches of 512 and Adam. Theirs is what
    Perez-Ortiz et al. 2021 publish: one network drawn for each batch, the cross-entropy in bits, the quadratic bound, in the weights'
    own coordinates. Ours: each example's noise by local reparametrisation, the error itself, in the eigenbasis of H_l. The eigenvectors
    are in our time. Each certificate is by `certificate`, of one pass.
    """
    ratios, words = [], ""
    for seed in range(rounds):
        started = time.perf_counter()
        theirs = plain(problem.initial, problem.x, problem.y, epochs, seed)
        their_time, goal = time.perf_counter() - started, _certified(theirs, problem, seed)
        for some in EPOCHS:
            started = time.perf_counter()
            ours = in_curvature(problem.initial, problem.x, problem.y, some, seed)
            our_time, reached = time.perf_counter() - started, _certified(ours, problem, seed)
            if reached <= goal:
                break
        ratios.append(their_time / our_time if reached <= goal else math.nan)
        words = f"{problem.name}: theirs, {epochs} epochs, {their_time:.3g} s, certificate {goal:.3f}; ours, {some}, {our_time:.3g} s, {reached:.3f}"
        print(f"[descent] {words}", flush=True)
    note = f"{words}. Both from the initialisation with lam = {LAM:g}, batches of 512, Adam; theirs draws one network a batch."
    return [entry("descent_vs_plain", torch.tensor(ratios).numpy(), None, note)]


def in_curvature(initial: Weights, x: torch.Tensor, y: torch.Tensor, epochs: int, seed: int) -> MeanField:
    """Our descent."""
    bases = [torch.from_numpy(spectrum(h)[1].copy()).to(w) for h, w in zip(second_moments(initial, x), initial)]
    start = MeanField(initial, [torch.full_like(w, LAM) for w in initial], Coordinates(bases, [None] * len(initial)))
    generator = torch.Generator().manual_seed(seed)
    schedule = Descent(epochs, 512, 1e-2, 1e-1)
    return optimise(start, initial, LAM, x, y, descent.quadratic(len(y)), schedule, generator, descent.error).posterior


def plain(initial: Weights, x: torch.Tensor, y: torch.Tensor, epochs: int, seed: int) -> MeanField:
    """Their descent, with nothing of this package but the form of its result."""
    torch.manual_seed(seed)
    layers = []
    for w in initial:
        layers += [torch.nn.Linear(w.shape[1] - 1, len(w)), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    means = {}
    for i, w in enumerate(initial):
        means[f"{2 * i}.weight"], means[f"{2 * i}.bias"] = w[:, :-1].clone(), w[:, -1].clone()
    prior = {name: mean.clone() for name, mean in means.items()}
    rho = {name: torch.zeros_like(mean, requires_grad=True) for name, mean in means.items()}
    means = {name: mean.requires_grad_() for name, mean in means.items()}
    adam = torch.optim.Adam([{"params": means.values(), "lr": 2e-3}, {"params": rho.values(), "lr": 2e-2}])
    n = len(x)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, epochs * -(-n // 512))
    for _ in range(epochs):
        for batch in torch.randperm(n).split(512):
            adam.zero_grad()
            drawn = {
                name: mean + (LAM * rho[name].exp()).sqrt() * torch.randn_like(mean) for name, mean in means.items()
            }
            risk = cross_entropy(functional_call(network, drawn, (x[batch],)), y[batch]) / math.log(2)
            kl = sum(
                (rho[k].expm1() - rho[k]).sum() + (means[k] - prior[k]).square().sum() / LAM for k in means
            ) / 2  # fmt: skip
            half = (kl + math.log(2 * math.sqrt(n) / 0.05)) / (2 * n)
            ((risk + half).sqrt() + half.sqrt()).square().backward()
            adam.step()
            schedule.step()
    joined = [
        [torch.cat([part[f"{2 * i}.weight"], part[f"{2 * i}.bias"][:, None]], 1).detach() for i in range(len(initial))]
        for part in (means, {k: LAM * r.exp() for k, r in rho.items()})
    ]
    return MeanField(*joined)


def _certified(q: MeanField, problem: Problem, seed: int) -> float:
    tally = q.tally(problem.x, problem.y, torch.Generator().manual_seed(1000 + seed))
    return certificate(
        float(tally.wrong[0]), int(tally.outcomes[0]), q.kl(problem.initial, LAM), len(problem.y), priors=PRIORS
    )
