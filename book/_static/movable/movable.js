/* Figures that the reader moves. A notebook's cell prints where one goes, with its numbers as JSON, after the cell with the still of
   the same figure (paper/show/movable.py); here the still makes room for it, on a screen.

   A kind is a function of those numbers: Movable.kinds[name] = (data) => ({ controls, draw }). draw(values, width) gives
   { drawing: an SVG, words: lines of text for below it }, or { drawing: an element } that keeps itself up to date. */
(function (Movable) {
  "use strict";

  const { html, svg, number } = Explorer.dom;
  const STEPS = 200;
  let count = 0;

  /** A slider from `from` to `to`, evenly in the logarithm if `log`. */
  function slider({ name, label, from, to, start, log = false, digits = 3 }) {
    const [at, back] = log ? [Math.log, Math.exp] : [Number, Number], low = at(from), high = at(to);
    const value = (step) => back(low + ((high - low) * step) / STEPS);
    const bar = html("input", { type: "range", min: 0, max: STEPS, step: 1, name, id: `movable-${++count}` });
    const shown = html("output", { for: bar.id });
    bar.value = Math.round((STEPS * (at(start) - low)) / (high - low));
    const untouched = bar.value;
    const read = () => (bar.value === untouched ? start : value(Number(bar.value))); // the start itself, between two steps
    function tell() {
      shown.textContent = number(read(), digits);
      bar.setAttribute("aria-valuetext", `${label} ${shown.textContent}`);
    }
    tell();
    return { name, element: html("div", { class: "movable-slider" }, html("label", { for: bar.id }, label), bar, shown), read, tell };
  }

  /** One of several: [value, label]. */
  function choice({ name, label, options, start }) {
    const group = `movable-${++count}`;
    const inputs = options.map(([value]) => html("input", { type: "radio", name: group, value, checked: value === start }));
    return {
      name, tell() {},
      element: html("fieldset", { class: "movable-choice" }, html("legend", {}, label),
        ...options.map(([, text], i) => html("label", {}, inputs[i], text))),
      read: () => inputs.find((input) => input.checked).value,
    };
  }

  function start(place) {
    const data = JSON.parse(place.querySelector("script").textContent);
    const { controls = [], draw, label } = Movable.kinds[place.dataset.movable](data);
    const parts = controls.map((control) => (control.options ? choice : slider)(control));
    const picture = html("div", { class: "movable-picture" }), words = html("p", { class: "movable-words", "aria-live": "polite" });
    let frame = 0;
    function show() {
      frame = 0;
      const values = Object.fromEntries(parts.map((part) => [part.name, part.read()]));
      parts.forEach((part) => part.tell());
      const shown = draw(values, Math.round(Math.min(picture.clientWidth || 560, 640)));
      if (shown.drawing !== picture.firstChild) picture.replaceChildren(shown.drawing);
      if (shown.words) {
        shown.drawing.setAttribute("role", "img");
        shown.drawing.setAttribute("aria-label", `${label} ${shown.words.join(" ")}`);
        words.replaceChildren(...shown.words.flatMap((line, i) => (i ? [html("br"), line] : [line])));
      }
    }
    const soon = () => (frame ||= requestAnimationFrame(show));
    const again = html("button", { type: "button", onclick: () => restart() }, "Back to the start");
    const form = html("form", { class: "movable-controls", oninput: soon, onsubmit: (event) => event.preventDefault() },
      ...parts.map((part) => part.element), ...(parts.length ? [again] : []));
    function restart() {
      const fresh = controls.map((control) => (control.options ? choice : slider)(control));
      fresh.forEach((part, i) => parts[i].element.replaceWith(part.element));
      parts.splice(0, parts.length, ...fresh);
      show();
    }
    place.append(picture, words, form);
    standIn(place);
    show();
    let width = picture.clientWidth;
    new ResizeObserver(() => {
      if (picture.clientWidth !== width) {
        width = picture.clientWidth;
        soon();
      }
    }).observe(picture);
  }

  /** Into the figure of the cell before, above its caption: there the style sheet hides the still on screens only. */
  function standIn(place) {
    const still = place.closest(".cell")?.previousElementSibling?.querySelector("figure > img");
    if (!still) return;
    const figure = still.parentNode;
    still.after(place);
    figure.classList.add("movable-figure");
  }

  /** An SVG with the frame of a plot; size: what `axes.frame` asks for. */
  function plot(size, x, y, labels, ...drawn) {
    const clip = `movable-clip-${++count}`, { width, height, left, right, top, bottom } = size;
    return svg("svg", { class: "movable-plot", viewBox: `0 0 ${width} ${height}`, width, height },
      svg("clipPath", { id: clip }, svg("rect", { x: left, y: top, width: width - left - right, height: height - top - bottom })),
      Explorer.axes.frame(size, x, y, labels), svg("g", { "clip-path": `url(#${clip})` }, ...drawn));
  }

  Movable.kinds = {};
  Movable.plot = plot;
  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll(".movable")) {
      try {
        start(place);
        place.dataset.started = "yes";
      } catch (error) {
        place.replaceChildren(); // the still is there
        console.error(error);
      }
    }
  });
})((window.Movable = window.Movable || {}));
