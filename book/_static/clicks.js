/* What the buttons of the header do: strict.py puts the word here in place of the theme's inline handler. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-click]");
  if (button) window[button.dataset.click]();
});
