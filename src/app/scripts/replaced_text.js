// Translations replace text nodes by elements. A text that the page changes afterwards is put back into its place.
{
  const standIns = new WeakMap();
  const changes = new MutationObserver((records) => {
    for (const { target: text } of records) {
      const standIn = standIns.get(text);
      if (standIn?.isConnected && !text.isConnected) standIn.replaceWith(text);
    }
  });
  const replacements = new MutationObserver((records) => {
    const added = new Map();
    for (const { target, addedNodes } of records) if (addedNodes.length) added.set(target, addedNodes[0]);
    for (const { target, removedNodes, addedNodes } of records)
      for (const node of removedNodes) {
        const standIn = addedNodes[0] ?? added.get(target);
        if (node.nodeType !== Node.TEXT_NODE || node.isConnected || !standIn) continue;
        standIns.set(node, standIn);
        changes.observe(node, { characterData: true });
      }
  });
  replacements.observe(document, { childList: true, subtree: true });
}
