
"use strict";
const rows = () => document.querySelectorAll("body > table > tbody > tr");
const filter = document.getElementById("filter");
const count = document.getElementById("count");
const apply = () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows()) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) { shown += 1; }
  }
  count.textContent = words.length ? shown + (shown === 1 ? " row" : " rows") : "";
};
filter.addEventListener("input", apply);
for (const table of document.querySelectorAll("body > table")) {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    head.firstElementChild.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const body = table.tBodies[0];
      const sorted = Array.from(body.rows).sort((a, b) => {
        const order = a.cells[column].textContent.localeCompare(b.cells[column].textContent, "en", { numeric: true });
        return up ? order : -order;
      });
      body.append(...sorted);
    });
  });
}
