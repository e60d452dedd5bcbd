/* What typing fast and nervous fingers need, and Streamlit's fields and buttons don't have. Everything works without it.
   It reads nothing and sends nothing: it moves the caret and hands over what stands in a field. */
(() => {
  "use strict";
  if (window.hubKeys) return;
  window.hubKeys = true;

  const PAUSE = 1000;
  const field = (at) => at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement;

  /* The second half of a double press, or a key held down, belongs to what was there before: nobody looks at a new
     form in less time. The server asks the same, but by its own clock, and a press may be long on its way. */
  const LOOK = 700;
  let drawnAt = -LOOK;
  let typedAt = -LOOK;
  let pressed = "";
  document.addEventListener("input", (event) => {
    if (event.isTrusted) typedAt = performance.now();
  }, true);

  /* The second half of a double click stops here: it would cut short the run that the first half began, or hit the
     button that this run puts in the place of the old one. The browser counts (UI Events, `detail`), by where and how
     fast this computer's owner double-clicks; Enter and Space count as none. The server lets each act once besides. */
  const BUTTONS = [".stButton", ".stFormSubmitButton", ".stButtonGroup", ".stDownloadButton"]
    .map((kind) => `${kind} button`).join();
  let hitAt = -2 * LOOK;
  window.addEventListener("click", (event) => {
    if (!event.target.closest?.(BUTTONS)) return;
    const now = performance.now();
    /* Where the first half met a part that was just being drawn, the second one is the click. */
    if (event.detail > 1 && now - hitAt < 2 * LOOK) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    hitAt = now;
  }, true);

  /* A shortcut pressed in a field comes before the field hands over what was typed: leaving and entering it
     again does that. Only Alt alone, for AltGr writes letters. */
  window.addEventListener("keydown", (event) => {
    const alone = event.altKey && !event.ctrlKey && !event.metaKey && !event.getModifierState("AltGraph");
    if (!alone || event.key === "Alt") return;
    if (event.repeat || (event.code === pressed && performance.now() - drawnAt < LOOK && typedAt < drawnAt)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    pressed = event.code;
    if (!field(document.activeElement)) return;
    const at = document.activeElement;
    at.blur();
    at.focus({ preventScroll: true });
  }, true);

  /* A large field hands over when it is left, or with Ctrl and Enter; a pause shall do, as in small ones. */
  let pause = 0;
  document.addEventListener("input", (event) => {
    const at = event.target;
    if (!(at instanceof HTMLTextAreaElement)) return;
    clearTimeout(pause);
    pause = setTimeout(() => {
      if (document.activeElement !== at) return;
      for (const kind of ["keydown", "keyup"]) {
        at.dispatchEvent(new KeyboardEvent(kind, { key: "Enter", code: "Enter", ctrlKey: true, bubbles: true }));
      }
    }, PAUSE);
  }, true);
  for (const kind of ["keydown", "keyup"]) {
    document.body.addEventListener(kind, (event) => {
      if (!event.isTrusted) event.stopPropagation();  /* not for the shortcuts, which count pressed keys */
    });
  }

  const within = (name) => document.querySelector(
    `.${CSS.escape(name)} :is(input, textarea):not([type="radio"]), .${CSS.escape(name)} input[tabindex="0"]`);

  let seen = "";
  const look = () => {
    for (const list of document.querySelectorAll("datalist[data-hub-offer]")) {
      within(list.dataset.hubOffer)?.setAttribute("list", list.id);
    }
    /* Streamlit names the place for files and calls it decoration; with a name it is a group. */
    document.querySelector('[data-testid="stFileUploaderDropzone"][role="presentation"]')
      ?.setAttribute("role", "group");
    document.querySelector(".st-key-said:not([role])")?.setAttribute("role", "status");  /* read aloud */
    const wish = document.querySelector("[data-hub-focus]");
    if (!wish || wish.dataset.hubOnce === seen) return;
    const at = within(wish.dataset.hubFocus);
    if (!at || at.disabled) return;
    const first = !seen;
    seen = wish.dataset.hubOnce;
    drawnAt = performance.now();
    if (matchMedia("(pointer: coarse)").matches && wish.dataset.hubFocus.endsWith("_first_name")) {
      /* On a telephone the caret would bring up the keyboard over the card that is to be read. */
      if (!first) document.querySelector(".st-key-said")?.scrollIntoView({ block: "start" });
      return;
    }
    at.focus();
    at.select?.();
    /* What the last press did stands above the form, and is seen together with the field where there is room. */
    const told = document.querySelector(".st-key-said");
    if (told && at.getBoundingClientRect().bottom - told.getBoundingClientRect().top < innerHeight * 0.8) {
      told.scrollIntoView({ block: "nearest" });
    }
  };

  /* While the connection is lost the fields take nothing in and the caret leaves them, and a field that is drawn
     anew after it knows neither the caret nor the last words. Both come back to the field of that name; only what
     was typed a moment ago, for anything older has been handed over. */
  let last = null;
  const remember = (at) => {
    const name = field(at) && at.closest('[class*="st-key-"]')?.className.match(/st-key-[^ ]+/)?.[0];
    last = name ? { at, name, text: null, since: 0, cut: false } : null;
  };
  document.addEventListener("focusin", (event) => {
    if (event.target !== last?.at) remember(event.target);
  });
  document.addEventListener("input", (event) => {
    if (!event.isTrusted || event.target !== last?.at || event.target.type === "radio") return;
    Object.assign(last, { text: event.target.value, since: performance.now() });
  }, true);
  const write = (at, text) => {
    const kind = at instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(at, text);  /* as React hears of it */
    at.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const comeBack = () => {
    if (!last) return;
    if (!last.cut && performance.now() - last.since > 3 * PAUSE) last.text = null;
    last.cut ||= last.at.disabled || !last.at.isConnected;
    const at = last.cut ? within(last.name) : last.at;
    if (!at || at.disabled) return;
    if (last.text !== null && last.text !== at.value) write(at, last.text);
    if (last.cut && document.activeElement === document.body) at.focus();
    Object.assign(last, { at, cut: false });
  };

  let asked = false;
  new MutationObserver(() => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; comeBack(); look(); });
  }).observe(document.body, { childList: true, subtree: true, attributes: true,
                              attributeFilter: ["disabled", "value", "data-hub-once"] });
  look();
})();
