// The tables of cells tagged "sortable": a click on a column's head sorts the rows by it, a second one the other way round. Cells
// without a number come last among numbers.
function key(row, column) {
  const text = row.cells[column].textContent.trim();
  const number = parseFloat(text.replaceAll(",", ""));
  return { text, number: /^[-+\u2212]?[\d.]/.test(text) ? number : NaN };
}

function sorted(rows, column, descending) {
  const keys = new Map(rows.map((row) => [row, key(row, column)]));
  const numeric = [...keys.values()].some(({ number }) => !Number.isNaN(number));
  const sign = descending ? -1 : 1;
  return rows.sort((one, other) => {
    const [a, b] = [keys.get(one), keys.get(other)];
    if (!numeric) return sign * a.text.localeCompare(b.text);
    if (Number.isNaN(a.number) || Number.isNaN(b.number)) return Number.isNaN(a.number) - Number.isNaN(b.number);
    return sign * (a.number - b.number);
  });
}

for (const table of document.querySelectorAll(".tag_sortable table")) {
  const heads = [...table.querySelectorAll("thead th")];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const descending = head.ariaSort === "ascending";
      for (const each of heads) each.ariaSort = null;
      head.ariaSort = descending ? "descending" : "ascending";
      table.tBodies[0].append(...sorted([...table.tBodies[0].rows], column, descending));
    });
  });
}
