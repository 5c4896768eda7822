// Runs before the first paint, so that neither the theme nor a row's or panel's size jumps at hydration.
{
  const root = document.documentElement;
  const recall = (key) => {
    try {
      return localStorage.getItem(key) ?? "";
    } catch {
      return "";
    }
  };
  root.dataset.theme = recall("theme") || (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
  root.dataset.density = recall("density");
  // If an on-screen keyboard covers the page instead of resizing it, the page resizes itself.
  globalThis.visualViewport?.addEventListener("resize", () => {
    const { height, scale } = visualViewport;
    if (scale !== 1) return;
    if (innerHeight - height > 1) root.style.setProperty("--viewport-height", `${height}px`);
    else root.style.removeProperty("--viewport-height");
    scrollTo(0, 0);
  });
  for (const entry of recall("layout").split(" ")) {
    const [panel, value] = entry.split("=");
    if (panel === "order") {
      const row = value.split(".");
      row.forEach((name, place) => {
        const side = place < row.indexOf("positions") ? 1 : -1;
        root.style.setProperty(`--${name}-order`, 2 * place + 1);
        root.style.setProperty(`--${name}-splitter`, 2 * place + 1 + side);
      });
    } else if (value > 0) root.style.setProperty(`--${panel}-size`, `${value}px`);
    else if (value) root.setAttribute(`data-${panel}`, value);
  }
}
