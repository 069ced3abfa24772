// What scrolls sideways can be scrolled with the keyboard, too.
const SCROLLING = ".pst-scrollable-table-container, .cell_output, div.highlight pre, mjx-container[display='true']";

function markScrolling() {
  for (const element of document.querySelectorAll(SCROLLING)) {
    if (element.scrollWidth > element.clientWidth) element.setAttribute("tabindex", "0");
    else if (element.matches(".pst-scrollable-table-container, .cell_output")) element.removeAttribute("tabindex");
  }
}

window.addEventListener("load", markScrolling);
window.addEventListener("resize", markScrolling);
