// What makes pages better where JavaScript runs. Every page works without it.
"use strict";

(() => {
  const token = () => document.querySelector("meta[name=csrf-token]").content;

  const toast = (words, bad) => {
    const note = document.getElementById("toast-template").content.cloneNode(true).firstElementChild;
    note.querySelector("span").textContent = words;
    note.classList.toggle("is-bad", Boolean(bad));
    document.getElementById("toasts").append(note);
    fade(note, bad);
  };

  // What went wrong stays until it is closed; what went well may go by itself, but not while it is read.
  const fade = (note, bad) => {
    if (bad) return;
    setTimeout(() => (note.matches(":hover, :focus-within") ? fade(note) : note.remove()), 8000);
  };

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token();
  });

  document.addEventListener("toast", (event) => toast(event.detail.words, event.detail.bad));

  document.addEventListener("htmx:responseError", (event) => {
    const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    const words = answer.querySelector("[data-error-words]");
    toast(words ? words.textContent.trim() : document.body.dataset.unreachable, true);
  });

  // A part that asks again every few seconds does not complain every few seconds.
  let silent = false;
  document.addEventListener("htmx:sendError", () => {
    if (!silent) toast(document.body.dataset.unreachable, true);
    silent = true;
  });
  document.addEventListener("htmx:afterOnLoad", () => { silent = false; });

  // A part must not be replaced under an open menu.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const polls = (event.target.getAttribute("hx-trigger") || "").startsWith("every");
    if (polls && event.target.querySelector(":popover-open, details[open]")) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close]");
    if (close) close.parentElement.remove();
    if (event.target.closest("[data-print]")) print();
    const copy = event.target.closest("[data-copy], [data-copy-from]");
    if (copy) {
      const from = document.getElementById(copy.dataset.copyFrom || "");
      navigator.clipboard.writeText(from ? from.textContent : copy.dataset.copy);
      toast(document.body.dataset.copied);
    }
  });

  // Arrow keys walk through an open menu.
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest(".menu") || document.querySelector(".menu:popover-open");
    if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    const items = [...menu.querySelectorAll(".menu-item")];
    const place = items.indexOf(document.activeElement);
    const next = { ArrowDown: place + 1, ArrowUp: place < 0 ? -1 : place - 1, Home: 0, End: -1 }[event.key];
    event.preventDefault();
    items.at(next === items.length ? 0 : next).focus();
  });

  // A field that belongs to a switch is in sight while the switch is on; one that belongs to a choice, while that is chosen.
  const depend = () => document.querySelectorAll("[data-depends]").forEach((field) => {
    const [name, value] = field.dataset.depends.split("=");
    const other = document.querySelector(`${value ? "select" : "input"}[name="${CSS.escape(name)}"]`);
    const matters = !other || (value ? other.value === value : other.checked);
    field.hidden = !matters && !field.querySelector("[aria-invalid]");
  });
  document.addEventListener("change", depend);

  // A field that was checked while the form is filled in bears its state where people and screen readers look for it.
  document.addEventListener("htmx:afterSwap", (event) => {
    const slot = event.detail.target;
    if (!slot.matches(".field-error")) return;
    const bad = slot.textContent.trim() !== "";
    document.querySelectorAll(`[aria-describedby~="${CSS.escape(slot.id)}"]`).forEach((control) => {
      control.toggleAttribute("aria-invalid", bad);
      if (bad) control.setAttribute("aria-invalid", "true");
      control.classList.toggle("is-invalid", bad);
    });
  });

  // A port that is the usual one of a kind of security follows when the kind changes; one that was chosen stays.
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    const port = form && form.querySelector("[data-ports]");
    if (!port || !["secure", "security", "protocol", "starttls"].includes(event.target.name)) return;
    const usual = JSON.parse(port.dataset.ports);
    const { protocol, secure, security, starttls } = form.elements;
    const key = starttls ? [starttls.value] : [protocol?.value, secure.checked ? security.value : "off"];
    const wanted = usual[key.filter(Boolean).join("-")];
    if (wanted && (!port.value || Object.values(usual).map(String).includes(port.value))) port.value = wanted;
  });

  // Who leaves a form that was changed and not saved is asked first.
  const unsaved = new Set();
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (form && !event.target.closest(".picker-find")) unsaved.add(form);
  });
  document.addEventListener("submit", (event) => { if (!event.submitter?.formTarget) unsaved.delete(event.target); });
  addEventListener("beforeunload", (event) => { if ([...unsaved].some((form) => form.isConnected)) event.preventDefault(); });

  // A preview follows what is typed, a moment later.
  let pause;
  document.addEventListener("input", (event) => {
    const button = document.querySelector(`[data-preview][form="${CSS.escape(event.target.form?.id || "")}"]`);
    clearTimeout(pause);
    if (button) pause = setTimeout(() => button.form.requestSubmit(button), 400);
  });

  // What only works with JavaScript appears with it. Copying needs a secure address (or this machine).
  const reveal = () => {
    depend();
    document.querySelectorAll("[data-print]").forEach((button) => { button.hidden = false; });
    if (navigator.clipboard) document.querySelectorAll("[data-copy], [data-copy-from]").forEach((button) => { button.hidden = false; });
  };
  document.addEventListener("htmx:afterSettle", reveal);
  reveal();
  document.querySelectorAll(".toasts .toast-note").forEach((note) => fade(note));
  document.getElementById("error-summary")?.focus();
})();
