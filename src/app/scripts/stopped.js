// Shows that the page's program has stopped or never started, whatever its state: otherwise the page only looks alive.
{
  const banner = document.createElement("div");
  let hasStopped = false;
  const say = (words) => {
    const button = document.createElement("button");
    button.textContent = "Reload";
    button.onclick = () => location.reload();
    banner.className = "stopped";
    banner.setAttribute("role", "alert");
    document.body.append(banner);
    banner.replaceChildren(words, button);
    // Dead controls must not be pressed.
    document.querySelector(".app")?.setAttribute("inert", "");
  };
  // An error during hydration is about its nodes; the page is then rendered anew, once.
  const buildAnew = () => {
    try {
      if (document.body.dataset.hydrated || sessionStorage.getItem("build-page")) return false;
      sessionStorage.setItem("build-page", "true");
    } catch {
      return false;
    }
    location.reload();
    return true;
  };
  const panicked = () => {
    if (hasStopped) return;
    hasStopped = true;
    if (!buildAnew()) say("The page has stopped working. ");
  };
  addEventListener("finally:panic", panicked);
  addEventListener("error", ({ error }) => error instanceof WebAssembly.RuntimeError && panicked());
  addEventListener("unhandledrejection", ({ reason }) => {
    const { RuntimeError, CompileError, LinkError } = WebAssembly;
    if (reason instanceof RuntimeError) return panicked();
    // The program is loading; other requests may fail meanwhile, and hydration still happens.
    const isUnloaded = [TypeError, CompileError, LinkError].some((kind) => reason instanceof kind);
    if (!isUnloaded || hasStopped || document.body.dataset.hydrated) return;
    say("The page's program could not be loaded, so nothing here is live. ");
    new MutationObserver(() => {
      if (hasStopped) return;
      banner.remove();
      document.querySelector(".app")?.removeAttribute("inert");
    }).observe(document.body, { attributeFilter: ["data-hydrated"] });
  });
}
