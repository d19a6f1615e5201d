(function () {
  "use strict";
  var root = document.documentElement;
  var all = function (selector, from) { return Array.prototype.slice.call((from || document).querySelectorAll(selector)); };
  // Storage may be closed to pages that are opened from disk.
  var stored = function (key) { try { return localStorage.getItem("portcheck-" + key); } catch (e) { return null; } };
  var store = function (key, value) { try { localStorage.setItem("portcheck-" + key, value); } catch (e) { return; } };

  function setLanguage(language) {
    root.setAttribute("data-language", language);
    root.lang = language === "zh" ? "zh-Hans" : "en";
    all("[data-set-language]").forEach(function (b) { b.setAttribute("aria-pressed", String(b.dataset.setLanguage === language)); });
    all("[data-label-en]").forEach(function (e) { e.setAttribute("aria-label", e.getAttribute("data-label-" + language)); });
    all("option[data-en]").forEach(function (e) { e.textContent = e.getAttribute("data-" + language); });
  }
  all("[data-set-language]").forEach(function (b) {
    b.addEventListener("click", function () { setLanguage(b.dataset.setLanguage); store("language", b.dataset.setLanguage); });
  });
  if (/^(en|zh)$/.test(stored("language") || "")) setLanguage(stored("language"));

  function dark() {
    return (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  }
  if (/^(light|dark)$/.test(stored("theme") || "")) root.dataset.theme = stored("theme");
  all("[data-theme-switch]").forEach(function (b) {
    b.addEventListener("click", function () { root.dataset.theme = dark() ? "light" : "dark"; store("theme", root.dataset.theme); });
  });

  function key(cell, numeric) {
    if (numeric) return parseFloat(cell.dataset.k);
    var copy = cell.cloneNode(true), other = root.dataset.language === "zh" ? "en" : "zh";
    all("[lang=" + other + "]", copy).forEach(function (e) { e.remove(); });
    return copy.textContent.trim();
  }
  all("table.sortable").forEach(function (table) {
    var heads = all("thead th", table), body = table.tBodies[0];
    heads.forEach(function (head, at) {
      all("button", head).forEach(function (button) {
        button.addEventListener("click", function () {
          var up = head.getAttribute("aria-sort") !== "ascending", numeric = head.hasAttribute("data-numeric");
          heads.forEach(function (h) { h.setAttribute("aria-sort", "none"); });
          head.setAttribute("aria-sort", up ? "ascending" : "descending");
          var rows = all("tr", body).map(function (row) { return [key(row.cells[at], numeric), row]; });
          rows.sort(function (a, b) {
            var order = numeric ? a[0] - b[0] : a[0].localeCompare(b[0], root.lang, { numeric: true });
            return up ? order : -order;
          });
          rows.forEach(function (row) { body.appendChild(row[1]); });
        });
      });
    });
  });

  var filters = document.getElementById("filters");
  if (filters) {
    var table = document.getElementById("found"), rows = all("tbody tr", table);
    var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
    var fields = {};
    all("[data-filter]", filters).forEach(function (f) { fields[f.dataset.filter] = f; });
    var verdictOf = function (row, target) {
      if (!target) return row.dataset.v;
      var found = row.dataset.t.split(" ").filter(function (p) { return p.split("=")[0] === target; })[0];
      return found ? found.split("=")[1] : "";
    };
    var apply = function () {
      var words = fields.text.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
      rows.forEach(function (row, at) {
        var verdict = verdictOf(row, fields.t.value);
        var fits = verdict !== "" &&
          (!fields.v.value || fields.v.value === verdict || (fields.v.value === "open" && verdict !== "holds")) &&
          (!fields.s.value || fields.s.value === row.dataset.s) &&
          (!fields.d.value || fields.d.value === row.dataset.d || (fields.d.value === "unsettled" && !row.classList.contains("settled"))) &&
          (!fields.c.value || fields.c.value === row.dataset.c) &&
          (!fields.i.value || row.dataset.i.split(" ").indexOf(fields.i.value) >= 0) &&
          words.every(function (w) { return texts[at].indexOf(w) >= 0; });
        row.hidden = !fits;
        shown += fits;
      });
      document.querySelector("[data-shown]").textContent = shown;
      document.querySelector(".nothing").hidden = shown > 0;
    };
    all("[data-filter]", filters).forEach(function (f) { f.addEventListener("input", apply); });
    document.querySelector("[data-reset]").addEventListener("click", function () {
      all("[data-filter]", filters).forEach(function (f) { f.value = ""; });
      apply();
    });
    fields.v.value = "open";
    apply();
  }

  var drawing = document.getElementById("drawing");
  if (drawing) {
    var box = drawing.viewBox.baseVal, scale = 1;
    var zoom = function (to) {
      scale = Math.min(4, Math.max(0.15, to));
      drawing.setAttribute("width", box.width * scale);
      drawing.setAttribute("height", box.height * scale);
    };
    var fit = function () { return (drawing.parentNode.clientWidth - 2) / box.width; };
    all("[data-zoom]").forEach(function (b) {
      b.addEventListener("click", function () {
        zoom(b.dataset.zoom === "fit" ? fit() : scale * (b.dataset.zoom === "in" ? 1.25 : 0.8));
      });
    });
    zoom(Math.min(1, Math.max(0.6, fit())));
    var light = function (node) {
      drawing.classList.toggle("dim", node !== null);
      all("[data-ends]", drawing).forEach(function (e) {
        e.classList.toggle("lit", node !== null && e.dataset.ends.split(" ").indexOf(node) >= 0);
      });
    };
    all("[data-node]", drawing).forEach(function (n) {
      ["mouseenter", "focus"].forEach(function (on) { n.addEventListener(on, function () { light(n.dataset.node); }); });
      ["mouseleave", "blur"].forEach(function (on) { n.addEventListener(on, function () { light(null); }); });
    });
  }

  var blocks = all("details.finding"), at = -1;
  function reach(block) {
    at = blocks.indexOf(block);
    block.open = true;
    block.scrollIntoView({ block: "center" });
    block.querySelector("summary").focus({ preventScroll: true });
  }
  all("[data-step]").forEach(function (b) {
    b.addEventListener("click", function () {
      if (at >= 0) blocks[at].open = false;
      var step = Number(b.dataset.step), from = at < 0 && step < 0 ? 0 : at;
      if (blocks.every(function (d) { return d.hidden; })) return;
      do { from = (from + step + blocks.length) % blocks.length; } while (blocks[from].hidden && from !== at);
      reach(blocks[from]);
    });
  });
  all("[data-hide-holds]").forEach(function (b) {
    b.addEventListener("click", function () {
      var hide = b.getAttribute("aria-pressed") !== "true";
      b.setAttribute("aria-pressed", String(hide));
      all("details.f-holds").forEach(function (d) { d.hidden = hide; });
    });
  });
  all("[data-open-all]").forEach(function (b) { b.addEventListener("click", function () { blocks.forEach(function (d) { d.open = true; }); }); });
  all("[data-close-all]").forEach(function (b) { b.addEventListener("click", function () { blocks.forEach(function (d) { d.open = false; }); }); });
  function openTarget() {
    var named = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    var block = named && named.closest("details.finding");
    if (block) { block.open = true; at = blocks.indexOf(block); named.scrollIntoView({ block: "center" }); }
  }
  addEventListener("hashchange", openTarget);
  openTarget();
  var closed = [];
  addEventListener("beforeprint", function () {
    closed = all("details:not([open])");
    if (closed.length < 400) closed.forEach(function (d) { d.open = true; });
  });
  addEventListener("afterprint", function () { closed.forEach(function (d) { d.open = false; }); });
})();
