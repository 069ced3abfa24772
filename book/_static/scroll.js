// What scrolls sideways can be scrolled with the keyboard, too. A formula is a stop on the way only if it scrolls.
const SCROLLING = ".pst-scrollable-table-container, .cell_output, div.highlight pre, mjx-container[display='true']";

function markScrolling() {
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
