"use strict";
// Everything can be read without this script: it searches, filters, and moves the picture.
(() => {
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const changes = all(".change").map((element) => ({
    element,
    text: element.textContent.toLowerCase(),
    section: element.closest("section"),
  }));
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const graph = document.getElementById("graph");
  const hidden = new Set();

  // What is searched for, and which risks are shown.
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Set();
    for (const change of changes) {
      const fits = words.every((word) => change.text.includes(word));
      const is_shown = fits && !hidden.has(change.section.dataset.risk);
      change.element.hidden = !is_shown;
      if (is_shown) shown.add(change.element.id);
    }
    for (const section of all(".list > section")) {
      section.hidden = !section.querySelector(".change:not([hidden])");
    }
    const narrowed = words.length > 0 || hidden.size > 0;
    for (const node of all("#graph .node")) {
      const target = (node.getAttribute("href") || "").slice(1);
      node.classList.toggle("dim", narrowed && !shown.has(target));
    }
    found.textContent = narrowed ? `${shown.size} of ${changes.length}` : "";
  };
  search.addEventListener("input", filter);
  search.form.addEventListener("submit", (event) => event.preventDefault());
  const risks = document.getElementById("risks");
  const sections = all(".list > section");
  for (const section of sections.length > 1 ? sections : []) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => {
      if (box.checked) hidden.delete(section.dataset.risk);
      else hidden.add(section.dataset.risk);
      filter();
    });
    label.append(box, " ", section.querySelector("h2").firstChild.textContent.trim());
    risks.append(label);
  }

  // A node of the picture, or a link, leads to a change.
  const choose = () => {
    for (const element of all(".chosen, .near")) element.classList.remove("chosen", "near");
    const id = decodeURIComponent(location.hash.slice(1));
    const change = id && document.getElementById(id);
    if (!change || !change.classList.contains("change")) return;
    if (change.hidden) {
      search.value = "";
      hidden.clear();
      for (const box of all("#risks input")) box.checked = true;
      filter();
    }
    change.open = true;
    change.classList.add("chosen");
    change.querySelector("summary").focus({ preventScroll: true });
    change.scrollIntoView({ block: "nearest" });
    const node = graph && graph.querySelector(`[href="#${CSS.escape(id)}"]`);
    if (!node) return;
    node.classList.add("chosen");
    const number = node.dataset.node;
    for (const arrow of all(".arrows path")) {
      const near = arrow.dataset.from === number || arrow.dataset.to === number;
      arrow.classList.toggle("near", near);
    }
  };
  addEventListener("hashchange", choose);
  // The same node again changes no hash.
  addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) choose();
  });
  for (const change of changes) {
    change.element.addEventListener("toggle", () => {
      if (change.element.open && change.element.contains(document.activeElement)) {
        history.replaceState(null, "", `#${change.element.id}`);
        choose();
      }
    });
  }

  addEventListener("keydown", (event) => {
    const writes = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (event.key === "/" && !writes) {
      event.preventDefault();
      search.focus();
    }
    if (event.key === "Escape" && writes) {
      search.value = "";
      filter();
    }
  });

  // The picture: what part of it is seen.
  if (graph) {
    const whole = graph.viewBox.baseVal;
    const size = { width: whole.width, height: whole.height };
    let view = { x: 0, y: 0, ...size };
    const show = () =>
      graph.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    const point = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY);
      return at.matrixTransform(graph.getScreenCTM().inverse());
    };
    const zoom = (factor, at) => {
      const middle = at || { x: view.x + view.width / 2, y: view.y + view.height / 2 };
      const width = Math.min(Math.max(view.width * factor, 200), size.width * 4);
      const scale = width / view.width;
      view = {
        x: middle.x - (middle.x - view.x) * scale,
        y: middle.y - (middle.y - view.y) * scale,
        width,
        height: view.height * scale,
      };
      show();
    };
    const move = (x, y) => {
      view = { ...view, x: view.x + x * view.width, y: view.y + y * view.height };
      show();
    };
    document.getElementById("in").addEventListener("click", () => zoom(0.7));
    document.getElementById("out").addEventListener("click", () => zoom(1 / 0.7));
    document.getElementById("all").addEventListener("click", () => {
      view = { x: 0, y: 0, ...size };
      show();
    });
    graph.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, point(event));
    }, { passive: false });
    let held = null;
    graph.addEventListener("pointerdown", (event) => {
      held = { at: point(event), from: [event.clientX, event.clientY], moved: false };
    });
    graph.addEventListener("pointermove", (event) => {
      if (!held || event.buttons !== 1) return;
      const [x, y] = held.from;
      if (!held.moved && Math.hypot(event.clientX - x, event.clientY - y) < 4) return;
      if (!held.moved) graph.setPointerCapture(event.pointerId);
      held.moved = true;
      const at = point(event);
      view = { ...view, x: view.x + held.at.x - at.x, y: view.y + held.at.y - at.y };
      show();
    });
    graph.addEventListener("pointerup", () => setTimeout(() => { held = null; }));
    // What was dragged was not clicked.
    graph.addEventListener("click", (event) => {
      if (held && held.moved) event.preventDefault();
    }, true);
    graph.addEventListener("keydown", (event) => {
      const ways = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
      if (ways[event.key]) move(...ways[event.key]);
      else if (event.key === "+" || event.key === "=") zoom(0.7);
      else if (event.key === "-") zoom(1 / 0.7);
      else return;
      event.preventDefault();
    });
  }
  choose();
})();
