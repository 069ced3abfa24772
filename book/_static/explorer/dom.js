/* Elements and numbers as text. Text always goes in as text, never as markup: it may come from a link. */
(function (Explorer) {
  "use strict";

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "style") element.style.cssText = value; // a strict server's policy refuses the attribute
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value != null) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  /** A number to some significant digits, without trailing zeros; "∞" for infinity, a dash for none. */
  function number(x, digits = 4) {
    if (x === null) return "–";
    if (!Number.isFinite(x)) return Number.isNaN(x) ? "–" : "∞";
    const short = Number(x.toPrecision(digits));
    return x !== 0 && Math.abs(x) < 1e-3 ? short.toExponential() : String(short);
  }

  const integer = (n) => n.toLocaleString("en-US");

  /** A number as CSV and links have it: the shortest text that reads back as the same float64; Python's inf. */
  const exact = (x) => (x === Infinity ? "inf" : String(x));

  Explorer.dom = { html, svg, number, integer, exact };
})((window.Explorer = window.Explorer || {}));
