/* What the panels show, in words and numbers: the selected point, the best points, all points. */
(function (Explorer) {
  "use strict";

  const { html, number, integer } = Explorer.dom;

  function table(caption, headings, rows) {
    return html("div", { class: "explorer-scroll", tabindex: 0, role: "region", "aria-label": caption },
      html("table", { class: "table" }, html("caption", {}, caption),
        html("thead", {}, html("tr", {}, ...headings.map((heading) => html("th", { scope: "col" }, heading)))),
        html("tbody", {}, ...rows.map((cells) => html("tr", {}, ...cells.map((cell) => html("td", {}, cell)))))));
  }

  /** certificates: `points.certificates`, each of a posterior of its own, beside the best point of its method. */
  function best(rows, certificates, titles, by, select) {
    const { kindOf } = Explorer.points, optional = [
      ["test error", (row) => row.testError],
      ["certificate", (row) => certificates.get(kindOf(row)) ?? null],
    ].filter(([, value]) => rows.some((row) => value(row) !== null));
    const headings = ["data set", "seed", "method", "λ", "β", "accuracy", "complexity", "Theorem 3.1", "kl inverse", "chance", ...optional.map(([name]) => name)];
    const smallest = by === "theorem" ? "Theorem 3.1" : "the kl inverse";
    return table(`The point with the smallest bound by ${smallest}, of each data set, seed and method`, headings, rows.map((row) => [
      titles.get(row.dataset), row.seed,
      html("button", { type: "button", onclick: () => select(row.id) }, titles.get(row.method)),
      number(row.lam, 3), row.beta === Infinity ? "none" : number(row.beta, 3),
      number(row.accuracy), number(row.complexity), number(row.theorem), number(row.klForm), number(row.chance),
      ...optional.map(([, value]) => number(value(row))),
    ]));
  }

  /** The same columns and rows as the CSV, to fewer digits. */
  function all(rows) {
    const columns = Explorer.points.columns(rows);
    const text = (value, digits) =>
      digits ? number(value, digits) : typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
    return table("The points that pass the filters", columns.map(([, , heading]) => heading),
      rows.map((row) => columns.map(([, field, , digits]) => text(row[field], digits))));
  }

  function details(row, titles) {
    const against = (bound) => (bound >= 1 ? "says nothing" : bound < row.chance ? "better than guessing" : "below 1, not better than guessing");
    const optional = (name, value, words = "") => (value === null ? [] : [[name, `${number(value, 6)}${words}`]]);
    const facts = [
      ["Data set", `${titles.get(row.dataset)}, seed ${row.seed}`],
      ["Method", titles.get(row.method)],
      ...optional("λ", row.lam),
      ...(row.rival ? [] : [["β", row.beta === Infinity ? "none" : number(row.beta, 6)]]),
      ["Training accuracy", `${number(row.accuracy, 6)}${row.stderr === null ? "" : `, standard error ${number(row.stderr, 2)}`}`],
      ["KL(Q‖P)", `${number(row.kl, 7)} nats`],
      ["N and δ", `${integer(row.n)} and ${number(row.delta)}`],
      ["Complexity", number(row.complexity, 6)],
      ...(row.floor
        ? [["Error plus complexity", `${number(row.theorem, 6)}, which is no bound: the prior has seen the data`]]
        : [["Theorem 3.1", `${number(row.theorem, 6)}: ${against(row.theorem)}`], ["kl inverse", `${number(row.klForm, 6)}: ${against(row.klForm)}`]]),
      ...optional("Certificate", row.certificate, ": holds as it stands, at its own N and δ"),
      ...optional("Test error", row.testError),
      ["Error of guessing", number(row.chance, 6)],
      ...(row.rival ? [["Its run", html("a", { href: "../notebooks/data.html#run-rivals" }, "files, day, time and code")]] : []),
      ...(row.floor || row.certificate !== null ? [] : [["On its method’s front", row.front ? "yes" : "no"]]),
    ];
    return html("dl", {}, ...facts.flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)]));
  }

  /** One sentence for those who hear the page. */
  function summary(rows, best, titles, by) {
    if (!rows.length) return "No point passes the filters.";
    const sums = best.map((row) => `${titles.get(row.dataset)} seed ${row.seed} ${titles.get(row.method)} ${number(row[by], 3)}`);
    return `${rows.length} points. Smallest bounds: ${sums.slice(0, 9).join(", ")}${sums.length > 9 ? " and more in the table" : ""}.`;
  }

  Explorer.tables = { best, all, details, summary };
})((window.Explorer = window.Explorer || {}));
