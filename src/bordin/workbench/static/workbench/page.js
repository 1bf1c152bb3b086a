// Every page: the chosen appearance before the first paint, the account menu, and the token that htmx sends.
(() => {
  const root = document.documentElement;
  const KEY = "bordin.theme";

  const read = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };

  const show = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  const kept = read();
  if (kept) show(kept);

  document.addEventListener("DOMContentLoaded", () => {
    const choice = document.getElementById(`theme-${root.dataset.theme || "auto"}`);
    if (choice) choice.checked = true;
    document.addEventListener("change", (event) => {
      if (event.target.name !== "theme") return;
      show(event.target.value);
      try {
        localStorage.setItem(KEY, event.target.value);
      } catch {
        // A browser that keeps nothing still shows the choice on this page.
      }
      document.dispatchEvent(new CustomEvent("bordin:theme"));
    });
    // A table that is wider than its place scrolls, so the keyboard has to get there.
    const reach = () => {
      for (const one of document.querySelectorAll("table.table, .scroll")) {
        if (one.scrollWidth > one.clientWidth && !one.hasAttribute("tabindex")) one.dataset.reach = one.tabIndex = 0;
        else if (one.dataset.reach && one.scrollWidth <= one.clientWidth) {
          one.removeAttribute("tabindex");
          delete one.dataset.reach;
        }
      }
    };
    reach();
    window.addEventListener("resize", reach);
    document.addEventListener("htmx:after:swap", reach);
    const menus = [...document.querySelectorAll("details.menu")];
    document.addEventListener("click", (event) => {
      for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
    });
    document.addEventListener("keydown", (event) => {
      const menu = event.key === "Escape" && menus.find((one) => one.open);
      if (!menu) return;
      event.stopImmediatePropagation();
      menu.open = false;
      menu.querySelector("summary").focus();
    }, true);
  });

  document.addEventListener("htmx:config:request", (event) => {
    const token = document.querySelector('meta[name="csrf"]');
    const request = event.detail.ctx && event.detail.ctx.request;
    if (token && request && request.headers) request.headers["X-CSRFToken"] = token.content;
  });
})();
