/** @throws Error when the page has no such element */
export function elementById<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} with the id ${id}`);
  return found;
}

/** @throws Error when there is no such element below `parent` */
export function elementBelow<T extends HTMLElement>(parent: ParentNode, selector: string, type: new () => T): T {
  const found = parent.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`There is no ${type.name} that is ${selector}`);
  return found;
}
