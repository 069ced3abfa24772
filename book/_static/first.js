/* Runs before every other script of a page, so that the theme, the search and MathJax work where a browser or a server is strict. */
(function () {
  "use strict";

  // A browser that keeps no data for the site throws when a script asks for its storage. Here it gets one that lasts as long as the page.
  function inMemory() {
    const items = new Map();
    return {
      getItem: (key) => items.get(String(key)) ?? null,
      setItem: (key, value) => void items.set(String(key), String(value)),
      removeItem: (key) => void items.delete(String(key)),
      clear: () => items.clear(),
      key: (index) => [...items.keys()][index] ?? null,
      get length() {
        return items.size;
      },
    };
  }

  for (const name of ["localStorage", "sessionStorage"]) {
    try {
      window[name].setItem("storage works", "");
      window[name].removeItem("storage works");
    } catch {
      Object.defineProperty(window, name, { value: inMemory() });
    }
  }

  // A policy of `default-src 'self'` refuses the <style> elements of MathJax and of the icons, and permits the same rules as an object.
  const sheets = new WeakMap();

  function asObject(style) {
    if (!sheets.has(style)) {
      const sheet = new CSSStyleSheet();
      sheets.set(style, sheet);
      Object.defineProperty(style, "sheet", { value: sheet }); // to which MathJax adds what later formulas need
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
      sheet.replaceSync(style.textContent);
    }
    return style;
  }

  if ("adoptedStyleSheets" in document) {
    for (const method of ["appendChild", "insertBefore"]) {
      document.head[method] = (node, ...place) =>
        node instanceof HTMLStyleElement ? asObject(node) : Node.prototype[method].call(document.head, node, ...place);
    }
  }
})();
