const SVG = 'http://www.w3.org/2000/svg';

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

/** An HTML element; text children stay text, so nothing a catalogue says can become markup. */
export const h = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) =>
  build(document.createElementNS(SVG, tag), attributes, children);
/** A name in camel case, which may break where a word begins. */
export const breakable = (name) => name.split(/(?=[A-Z])/).flatMap((word, i) => (i === 0 ? word : [h('wbr'), word]));
export const byId = (id) => document.getElementById(id);
