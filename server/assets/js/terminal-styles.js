// xterm.js writes <style> elements and style attributes. The pages' policy (default-src 'self') forbids both, and an
// exception would hold for everything else on the page too. Rules in a constructed sheet and properties set by script
// are allowed, so the two ways of writing are led there.
const create = document.createElement.bind(document);

document.createElement = (name, options) => {
  if (String(name).toLowerCase() !== "style") return create(name, options);
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const stand = create("span");
  stand.hidden = true;
  let text = "";
  Object.defineProperty(stand, "textContent", {
    get: () => text,
    set(value) {
      text = String(value);
      sheet.replaceSync(text);
    },
  });
  stand.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    Element.prototype.remove.call(stand);
  };
  return stand;
};

const setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  if (name === "style") this.style.cssText = value;
  else setAttribute.call(this, name, value);
};
