// What scrolls sideways can be scrolled with the keyboard, too. A formula is a stop on the way only if it scrolls.
const SCROLLING = ".pst-scrollable-table-container, .cell_output, div.highlight pre, mjx-container[display='true'], span.math.wide";

// A formula in a line of text that is wider than the text would be cut off: it becomes a box that scrolls.
function markWide() {
  for (const formula of document.querySelectorAll(".bd-article span.math")) {
    const room = formula.parentElement.closest("p, li, td, th, dd, figcaption, div")?.clientWidth ?? Infinity;
    formula.classList.toggle("wide", (formula.querySelector("mjx-math")?.getBoundingClientRect().width ?? 0) > room);
  }
}

function markScrolling() {
  markWide();
  for (const element of document.querySelectorAll(SCROLLING)) {
    if (element.scrollWidth > element.clientWidth) element.setAttribute("tabindex", "0");
    else element.removeAttribute("tabindex");
  }
}

window.addEventListener("resize", markScrolling);
window.addEventListener("load", () => {
  markScrolling();
  window.MathJax?.startup?.promise?.then(markScrolling);
});
