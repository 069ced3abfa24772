/* What the reader has chosen, and the same as the fragment of a link: #explorer=1&data=mnist2&n=own&...

   A link always names every choice, so that it shows the same when the defaults change. Reading one never fails: what is
   not understood keeps its default and is reported. */
(function (Explorer) {
  "use strict";

  const { exact } = Explorer.dom;
  const VERSION = "1";
  const MOST = 1e12; // examples: beyond any data set, and 2 N is still an exact integer

  function list(valid) {
    return {
      write: (values) => values.join(","),
      read(text) {
        const wanted = text === "" ? [] : text.split(",");
        const unknown = wanted.filter((name) => !valid.map(String).includes(name));
        const known = valid.filter((value) => wanted.includes(String(value)));
        return {
          value: known.length || !wanted.length ? known : undefined,
          problem: unknown.length && `there is no ${unknown.join(", ")}; there are ${valid.join(", ")}`,
        };
      },
    };
  }

  function range(grid) {
    return {
      write: (ends) => ends.map(exact).join(".."),
      read(text) {
        const ends = text.split("..").map(Number);
        const good = ends.length === 2 && ends.every((end) => grid.includes(end)) && ends[0] <= ends[1];
        return good ? { value: ends } : { problem: "two values of the grid are needed, the smaller one first" };
      },
    };
  }

  function choice(words) {
    return {
      write: (value) => Object.keys(words).find((word) => words[word] === value),
      read: (text) =>
        Object.hasOwn(words, text) ? { value: words[text] } : { problem: `one of ${Object.keys(words).join(", ")} is needed` },
    };
  }

  function number(valid, rule, other = {}) {
    return {
      write: (value) => Object.keys(other).find((word) => other[word] === value) ?? exact(value),
      read(text) {
        if (Object.hasOwn(other, text)) return { value: other[text] };
        const value = /^[\d.]+(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
        return valid(value) ? { value } : { problem: rule };
      },
    };
  }

  const N = number((n) => Number.isSafeInteger(n) && n >= 2 && n <= MOST, "N must be a whole number from 2 to 10¹²", { own: null });
  const DELTA = number((d) => d >= 1e-300 && d < 1, "δ must lie strictly between 0 and 1");

  /** How each choice is written and read: word in the link, field of the state, codec; and, for a choice that the page has not had
      from the start, what a link without it means. */
  function fields(data, ids) {
    return [
      ["data", "datasets", list(data.datasets.map((dataset) => dataset.name))],
      ["seed", "seeds", list(data.seeds)],
      ["method", "methods", list(data.methods.map((method) => method.name))],
      ["lam", "lam", range(data.lam)],
      ["beta", "beta", range(data.beta)],
      ["points", "front", choice({ front: true, all: false })],
      ["n", "n", N],
      ["delta", "delta", DELTA],
      ["best", "best", choice({ theorem: "theorem", kl: "klForm" })],
      ["axis", "axis", choice({ linear: "linear", log: "log" })],
      ["point", "point", {
        write: (value) => value ?? "",
        read: (text) => (text === "" || ids.has(text) ? { value: text || null } : { problem: "there is no such point" }),
      }],
      ["curves", "curves", choice({ yes: true, no: false }), false],
      ["rivals", "rivals", choice({ yes: true, no: false }), false],
    ];
  }

  /** Figure 3, as chapter 07 shows it. */
  function initial(data) {
    const names = data.datasets.map((dataset) => dataset.name);
    const figure3 = names.filter((name) => ["mnist2", "cifar2"].includes(name));
    return {
      datasets: figure3.length ? figure3 : names.slice(0, 2),
      seeds: data.seeds.slice(0, 1),
      methods: data.methods.map((method) => method.name),
      lam: [data.lam[0], data.lam.at(-1)],
      beta: [data.beta[0], data.beta.at(-1)],
      front: true,
      n: null, // each data set's own
      delta: data.delta,
      best: "theorem",
      axis: "linear",
      point: null,
      curves: false, // of Figure 2
      rivals: false, // of chapter 10
    };
  }

  const write = (state, fields) =>
    `#explorer=${VERSION}&` + fields.map(([word, field, codec]) => `${word}=${codec.write(state[field])}`).join("&");

  /** The state that a fragment describes, on top of `start`, and a sentence for everything in it that is not understood. */
  function read(fragment, fields, start) {
    const state = { ...start }, problems = [], seen = new Set();
    for (const part of fragment.replace(/^#/, "").split("&")) {
      const [word, ...rest] = part.split("=");
      let text = rest.join("=");
      try {
        text = decodeURIComponent(text);
      } catch {
        problems.push(`${word}: “${text}” is damaged.`);
        continue;
      }
      const field = fields.find(([known]) => known === word);
      if (word === "explorer") {
        if (text !== VERSION) problems.push(`The link is of version “${text}” of this page, which is at version ${VERSION}.`);
      } else if (!field) {
        problems.push(`“${word}” is no choice of this page.`);
      } else if (seen.has(word)) {
        problems.push(`${word} is there twice; the first counts.`);
      } else {
        seen.add(word);
        const { value, problem } = field[2].read(text);
        if (value !== undefined) state[field[1]] = value;
        if (problem) problems.push(`${word} = “${text}”: ${problem}.`);
      }
    }
    const unsaid = fields.filter(([word]) => !seen.has(word));
    for (const [, field, , before] of unsaid) if (before !== undefined) state[field] = before;
    const missing = unsaid.filter(([, , , before]) => before === undefined).map(([word]) => word);
    if (missing.length) problems.push(`It does not say: ${missing.join(", ")}.`);
    return { state, problems };
  }

  /** Whether a fragment means to be a view, rather than a heading of the page. */
  const isView = (fragment) => /[=&]/.test(fragment);

  Explorer.state = { fields, initial, write, read, isView, N, DELTA };
})((window.Explorer = window.Explorer || {}));
