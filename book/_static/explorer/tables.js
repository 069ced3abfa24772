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

  function best(rows, titles, by, select) {
    const headings = ["data set", "seed", "method", "λ", "β", "accuracy", "complexity", "Theorem 3.1", "kl inverse", "chance"];
    const smallest = by === "theorem" ? "Theorem 3.1" : "the kl inverse";
    return table(`The point with the smallest bound by ${smallest}, of each data set, seed and method`, headings, rows.map((row) => [
      titles.get(row.dataset), row.seed,
      html("button", { type: "button", onclick: () => select(row.id) }, titles.get(row.method)),
      number(row.lam, 3), row.beta === Infinity ? "none" : number(row.beta, 3),
      number(row.accuracy), number(row.complexity), number(row.theorem), number(row.klForm), number(row.chance),
    ]));
  }

  /** The same columns and rows as the CSV, to fewer digits. */
  function all(rows) {
    const columns = Explorer.points.COLUMNS;
    const text = (value, digits) => (digits ? number(value, digits) : typeof value === "boolean" ? (value ? "yes" : "no") : String(value));
    return table("The points that pass the filters", columns.map(([, , heading]) => heading),
      rows.map((row) => columns.map(([, field, , digits]) => text(row[field], digits))));
  }

  function details(row, titles) {
    const against = (bound) => (bound >= 1 ? "says nothing" : bound < row.chance ? "better than guessing" : "below 1, not better than guessing");
    const facts = [
      ["Data set", `${titles.get(row.dataset)}, seed ${row.seed}`],
      ["Method", titles.get(row.method)],
      ["λ", number(row.lam, 6)],
      ["β", row.beta === Infinity ? "none" : number(row.beta, 6)],
      ["Training accuracy", `${number(row.accuracy, 6)}, standard error ${number(row.stderr, 2)}, on ${integer(row.examples)} examples`],
      ["KL(Q‖P)", `${number(row.kl, 7)} nats`],
      ["N and δ", `${integer(row.n)} and ${number(row.delta)}`],
      ["Complexity", number(row.complexity, 6)],
      ["Theorem 3.1", `${number(row.theorem, 6)}: ${against(row.theorem)}`],
      ["kl inverse", `${number(row.klForm, 6)}: ${against(row.klForm)}`],
      ["Error of guessing", number(row.chance, 6)],
      ["On its method’s front", row.front ? "yes" : "no"],
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
