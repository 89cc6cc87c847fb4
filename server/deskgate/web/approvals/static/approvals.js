// Adds keys and a notice of new arrivals. Everything on the page works without this file, and it decides nothing.
"use strict";

(() => {
  const bar = document.querySelector("[data-keys]");
  const keySwitch = document.querySelector("[data-keys-switch]");
  const find = (selector) => document.querySelector(selector);

  if (bar && keySwitch) {
    bar.hidden = false;
    keySwitch.checked = localStorage.getItem("deskgate-keys") !== "off";
    keySwitch.addEventListener("change", () => localStorage.setItem("deskgate-keys", keySwitch.checked ? "on" : "off"));
  }

  const rows = [...document.querySelectorAll("[data-open]")];

  const step = (by) => {
    const here = rows.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + by))];
    if (next) {
      next.focus();
      next.closest("tr").scrollIntoView({ block: "nearest" });
    }
  };

  const go = (selector) => {
    const link = find(selector);
    if (link) location.assign(link.href);
  };

  const keys = {
    j: () => (rows.length ? step(1) : go("[data-after]")),
    k: () => (rows.length ? step(-1) : go("[data-before]")),
    x: () => {
      const row = document.activeElement.closest("[data-row]");
      if (row) row.querySelector("input[type=checkbox]").click();
    },
    a: () => find("[data-approve]") && find("[data-approve]").focus(),
    r: () => find("[data-reason]") && find("[data-reason]").focus(),
    u: () => rows.length || location.assign("/approvals/"),
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
    if (!keySwitch || !keySwitch.checked || typing || event.ctrlKey || event.altKey || event.metaKey) return;
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });

  const arrived = find("[data-arrivals]");
  if (!arrived) return;

  const ask = async () => {
    if (document.hidden) return;
    const answer = await fetch(`/approvals/arrivals?after=${encodeURIComponent(arrived.dataset.arrivals)}`);
    const told = await answer.json();
    const link = arrived.querySelector("a");
    const words = !told.signed_in
      ? "Your session has ended: sign in again"
      : told.new
        ? `${told.new} new ${told.new === 1 ? "reply" : "replies"}: show`
        : link.textContent;
    if (words !== link.textContent) {
      link.textContent = words;
      arrived.classList.add("fresh");
      if (told.new) document.title = `(${told.new} new) ${document.title.replace(/^\(\d+ new\) /, "")}`;
    }
  };
  setInterval(() => ask().catch(() => undefined), 15000);
  document.addEventListener("visibilitychange", () => ask().catch(() => undefined));
})();
