// Tells whether the page is still as the server wrote it. Extensions, translations and proxies insert nodes, and
// hydration walks the nodes in order. Nodes after all of the page's own are harmless.
globalThis.isPageAsServed = () => {
  try {
    // Hydration failed in this tab before, though the nodes were right.
    if (sessionStorage.getItem("build-page")) return false;
  } catch {
    // Without a storage this is unknown.
  }
  // See `server::http::shape`, which counts in the same way.
  const [count, hash] = (document.body.dataset.shape ?? "").split(" ");
  const nodes = document.createTreeWalker(document.body);
  let found = 0;
  for (let index = 0; index < count; index++) {
    const node = nodes.nextNode();
    found = (Math.imul(found, 31) + (node?.nodeName.length ?? 0)) | 0;
  }
  return found === Number(hash);
};

// Removes the server's page, to be rendered anew. Foreign nodes beside it stay.
globalThis.clearPage = () => {
  for (const node of [...document.body.childNodes])
    if (node.nodeType !== Node.ELEMENT_NODE || node.matches(".app, .notice, script")) node.remove();
};
