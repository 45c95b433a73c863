// Lists of checkboxes to choose from: narrowed by what is typed above them, counted, walked by arrow keys.
"use strict";

(() => {
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const rows = (list) => [...list.querySelectorAll(".pick")];
  const box = (row) => row.querySelector("input");

  // One stop for the tab key: two thousand would bar the way to the button.
  const stop = (list, at) => rows(list).forEach((row) => { box(row).tabIndex = row === at ? 0 : -1; });
  const first = (list) => rows(list).find((row) => !row.hidden);

  const narrow = (find) => {
    const list = document.getElementById(find.dataset.narrows);
    const words = plain(find.value).split(/\s+/).filter(Boolean);
    let found = 0;
    rows(list).forEach((row) => {
      row.plain ||= plain(`${row.dataset.words || ""} ${row.textContent}`);
      row.hidden = !words.every((word) => row.plain.includes(word));
      found += row.hidden ? 0 : 1;
    });
    list.querySelectorAll(".pick-group").forEach((group) => { group.hidden = !group.querySelector(".pick:not([hidden])"); });
    list.closest(".picker").querySelector("[role=status]").textContent = list.dataset.found.replace("#", found);
    stop(list, first(list));
  };

  const count = (picker) => {
    const number = picker.querySelector("[data-chosen] b");
    const chosen = [...picker.querySelectorAll(".pick input:checked")].map((each) => each.closest(".pick").dataset.name);
    if (number) number.textContent = chosen.length;
    const words = picker.querySelector("[data-chosen-words]");
    if (words) words.textContent = chosen.join(", ");
  };

  document.addEventListener("input", (event) => { if (event.target.matches("[data-narrows]")) narrow(event.target); });
  document.addEventListener("change", (event) => {
    const picker = event.target.closest(".picker");
    if (picker) count(picker);
  });
  document.addEventListener("focusin", (event) => {
    const list = event.target.closest(".picks");
    if (list && event.target.matches("input")) stop(list, event.target.closest(".pick"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.closest(".picker-find") && event.target.matches("input")) return event.preventDefault();
    const list = event.target.closest(".picks");
    if (!list || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    const shown = rows(list).filter((row) => row.offsetParent);
    const place = shown.indexOf(event.target.closest(".pick"));
    const next = { ArrowDown: place + 1, ArrowUp: Math.max(place - 1, 0), Home: 0, End: -1 }[event.key];
    event.preventDefault();
    box(shown.at(Math.min(next, shown.length - 1))).focus();
  });

  const begin = () => document.querySelectorAll(".picker").forEach((picker) => {
    const list = picker.querySelector(".picks");
    if (!list) return;
    picker.querySelector(".picker-find").hidden = false;
    stop(list, first(list));
    count(picker);
  });
  document.addEventListener("htmx:afterSettle", begin);
  begin();
})();
