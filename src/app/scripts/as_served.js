// Tells whether the page still stands as the server wrote it. Extensions, translations and proxies put their own nodes into
// it, and what takes the page over walks its nodes by their order. What stands behind all of ours does no harm.
globalThis.isPageAsServed = () => {
  try {
    // It failed in this tab before, though the nodes were right.
    if (sessionStorage.getItem("build-page")) return false;
  } catch {
    // Without a storage it has not been told.
  }
  // See `server::http::shape`, which counts the same.
  const [count, hash] = (document.body.dataset.shape ?? "").split(" ");
  const nodes = document.createTreeWalker(document.body);
  let found = 0;
  for (let index = 0; index < count; index++) {
    const node = nodes.nextNode();
    found = (Math.imul(found, 31) + (node?.nodeName.length ?? 0)) | 0;
  }
  return found === Number(hash);
};

// Takes the server's page away, to be built anew. What others put beside it stays.
globalThis.clearPage = () => {
  for (const node of [...document.body.childNodes])
    if (node.nodeType !== Node.ELEMENT_NODE || node.matches(".app, .notice, script")) node.remove();
};
