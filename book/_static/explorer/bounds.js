/* The bounds of pacbayes_curvature/bounds.py, formula by formula. Numbers in, numbers out; nothing here knows the page.

   q is an empirical and p a true error probability, kl = KL(Q||P) in nats, n the number of examples, delta the
   probability with which a bound may fail. tests/browser/test_explorer_mathematics.py holds these functions against Python's. */
(function (Explorer) {
  "use strict";

  const ROUNDING = 2 ** -53;

  function require(condition, rule, value) {
    if (!condition) throw new RangeError(`${rule}, got ${value}`);
  }

  function check(kl, n, delta) {
    require(kl >= 0, "kl must be nonnegative", kl);
    require(Number.isSafeInteger(n) && n >= 2, "n must be an integer of at least 2", n);
    require(delta > 0 && delta < 1, "delta must lie strictly between 0 and 1", delta);
  }

  /** sqrt((KL + ln(2 (N - 1) / delta)) / (2 N)): what Theorem 3.1 adds to the empirical risk. */
  function complexity(kl, n, delta) {
    check(kl, n, delta);
    return Math.sqrt((kl + Math.log(2 * (n - 1)) - Math.log(delta)) / (2 * n));
  }

  /** Theorem 3.1: 1 - accuracy + complexity. */
  function theorem(accuracy, kl, n, delta) {
    return 1 - accuracy + complexity(kl, n, delta);
  }

  /** The same without Pinsker's inequality (Maurer 2004, Thm 5): kl^-1(1 - accuracy | (KL + ln(2 sqrt(N) / delta)) / N). */
  function klForm(accuracy, kl, n, delta) {
    check(kl, n, delta);
    return klInverse(1 - accuracy, (kl + logTerm(n, delta)) / n);
  }

  /** The complexity at which the kl form equals the error of guessing; NaN where it is above that at every KL. */
  function klFormVacuous(accuracy, chance, n, delta) {
    if (1 - accuracy >= chance) return NaN;
    const kl = n * klBernoulli(1 - accuracy, chance) - logTerm(n, delta);
    return kl >= 0 ? complexity(kl, n, delta) : NaN;
  }

  function logTerm(n, delta) {
    return Math.log(2 * Math.sqrt(n)) - Math.log(delta);
  }

  /** a ln(a/b) + b - a. Near a = b, with z = (b - a)/(b + a), ln(b/a) is 2 artanh z, summed as a series. */
  function klTerm(a, b, difference) {
    const z = difference / (a + b > 0 ? a + b : 1);
    if (Math.abs(z) <= 0.5) {
      let series = 0;
      for (let k = 24; k >= 0; k--) series = series * z * z + 1 / (2 * k + 3);
      return z * (difference - 2 * a * z * z * series);
    }
    const ratio = a > 0 ? a / b : 1;
    return a * (Number.isFinite(ratio) ? Math.log(ratio) : Math.log(a) - Math.log(b)) + difference;
  }

  /** kl(q||p) = q ln(q/p) + (1 - q) ln((1 - q)/(1 - p)). */
  function klBernoulli(q, p) {
    return klTerm(q, p, p - q) + klTerm(1 - q, 1 - p, q - p);
  }

  /** A number below kl(q||p), for q <= p: the computed one less what its roundings can amount to. */
  function klLower(q, p) {
    const first = klTerm(q, p, p - q), second = klTerm(1 - q, 1 - p, q - p);
    return first * (1 - 10 * ROUNDING) + second * (1 - 20 * ROUNDING) - 2e-323;
  }

  const float = new Float64Array(1), bits = new BigInt64Array(float.buffer);

  function toBits(x) {
    float[0] = x;
    return bits[0];
  }

  function fromBits(b) {
    bits[0] = b;
    return float[0];
  }

  /** kl^-1(q|c) = sup { p in [q, 1] : kl(q||p) <= c }, never below the true one: bisection over the float64 numbers
      themselves, whose bits are ordered as they are. Invariant: kl(q||high) >= c is certain, kl(q||low) >= c is not. */
  function klInverse(q, c) {
    require(q >= 0 && q <= 1, "q must lie in [0, 1]", q);
    require(c >= 0, "c must be nonnegative", c);
    q += 0; // -0 becomes 0
    if (c === 0) return q;
    let low = toBits(q), high = toBits(1);
    while (high - low > 1n) {
      const middle = low + (high - low) / 2n;
      if (klLower(q, fromBits(middle)) >= c) high = middle;
      else low = middle;
    }
    return fromBits(high);
  }

  Explorer.bounds = { complexity, theorem, klForm, klFormVacuous, klBernoulli, klInverse };
})((window.Explorer = window.Explorer || {}));
