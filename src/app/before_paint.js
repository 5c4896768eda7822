// Runs before the first paint, so that neither the theme nor a row's or panel's size jumps when the page wakes up.
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
  for (const entry of recall("layout").split(" ")) {
    const [panel, value] = entry.split("=");
    if (value > 0) root.style.setProperty(`--${panel}-size`, `${value}px`);
    else if (value) root.setAttribute(`data-${panel}`, value);
  }
}
