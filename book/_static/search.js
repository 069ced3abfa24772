/* The search quotes the pages that it finds, as their source has them: formulas in LaTeX. Here they are put into plain letters. */
(function () {
  "use strict";

  const SIGNS = {
    alpha: "α", beta: "β", gamma: "γ", delta: "δ", Delta: "Δ", epsilon: "ε", varepsilon: "ε", eta: "η", theta: "θ", lambda: "λ", Lambda: "Λ", mu: "μ",
    nu: "ν", xi: "ξ", pi: "π", rho: "ρ", sigma: "σ", Sigma: "Σ", tau: "τ", phi: "φ", varphi: "φ", Phi: "Φ", chi: "χ", psi: "ψ", omega: "ω",
    le: "≤", leq: "≤", ge: "≥", geq: "≥", ne: "≠", approx: "≈", sim: "~", gtrsim: "≳", lesssim: "≲", propto: "∝", to: "→", mapsto: "↦", in: "∈", infty: "∞",
    cdot: "·", times: "×", pm: "±", otimes: "⊗", odot: "⊙", partial: "∂", nabla: "∇", sum: "Σ", prod: "Π", int: "∫", top: "ᵀ", mid: "|", vert: "|",
    ldots: "…", dots: "…", cdots: "…", quad: " ", qquad: " ", ell: "ℓ", mathbb: "", circ: "∘", star: "*", prime: "′", succ: "≻", succeq: "⪰", cup: "∪", cap: "∩",
  };
  const BRACED = "\\{((?:[^{}]|\\{[^{}]*\\})*)\\}"; // with braces inside, one deep
  const ARGUMENT = `(?:${BRACED}|(\\w|\\\\[a-zA-Z]+))`;
  const FRACTION = new RegExp(`\\\\[dt]?frac\\s*${ARGUMENT}\\s*${ARGUMENT}`);
  const ROOT = new RegExp(`\\\\sqrt\\s*(?:${BRACED}|(\\w))`);

  /** A formula's LaTeX in plain letters, for reading in passing: \frac\beta{2N} is β/2N. */
  function plain(tex) {
    let text = tex.replace(/^\s*\\[([]|\\[\])]\s*$/g, "").replace(/\\(begin|end)\{[^}]*\}|\\label\{[^}]*\}|\\tag\{[^}]*\}|&/g, " ");
    const group = (words) => (/^[\w\\]*$/.test(words.trim()) ? words : `(${words})`);
    for (let rest = 20; rest && FRACTION.test(text); rest--) text = text.replace(FRACTION, (_, a, b, c, d) => ` ${group(a ?? b)}/${group(c ?? d)} `);
    for (let rest = 20; rest && ROOT.test(text); rest--) text = text.replace(ROOT, (_, a, b) => ` √${group(a ?? b)} `);
    return text
      .replace(/\\[|]/g, "‖").replace(/\\[{}]/g, (brace) => (brace === "\\{" ? "⟨" : "⟩"))
      .replace(/\\([a-zA-Z]+)\*?/g, (_, name) => SIGNS[name] ?? (/^(text|math|operatorname|left|right|[bB]ig|hat|tilde|bar|limits|boldsymbol|bm|over|under|displaystyle)/.test(name) ? "" : name))
      .replace(/\\\\|\\[,;:! ]|~/g, " ").replace(/\\/g, "").replace(/[{}$]/g, "").replace(/⟨/g, "{").replace(/⟩/g, "}").replace(/\s+/g, " ").replace(/\( | \)/g, (pair) => pair.trim()).trim();
  }

  const asItIs = Search.htmlToText, setIndex = Search.setIndex;

  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const formula of page.querySelectorAll(".math")) formula.textContent = plain(formula.textContent);
    for (const unread of page.querySelectorAll(".movable, .highlight, details.hide")) unread.remove(); // numbers, and code
    return asItIs(page.documentElement.outerHTML, anchor);
  };

  /** The headings among the results, too. */
  Search.setIndex = (index) => {
    const inWords = (title) => title.replace(/^ \((.*)\)$/, "$1").replace(/(?:\\[a-zA-Z]+ ?(?:\{[^}]*\})?_?)+/g, plain);
    index.alltitles = Object.fromEntries(Object.entries(index.alltitles).map(([title, places]) => [inWords(title), places]));
    setIndex(index);
  };

  Search.plain = plain;
})();
