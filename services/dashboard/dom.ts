/**
 * Elements without HTML text: what senders wrote only ever becomes a text node or an attribute that holds text. The page's
 * policy (Trusted Types) refuses anything else.
 */
type Child = Node | string | undefined
export type Props = {
  class?: string
  title?: string
  text?: string
  data?: Record<string, string>
  aria?: Record<string, string>
  role?: string
  tab?: number
  on?: Partial<Record<'click' | 'keydown' | 'focus', (event: Event) => void>>
}

export const el = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] => {
  const node = document.createElement(tag)
  if (props.class !== undefined) node.className = props.class
  if (props.title !== undefined) node.title = props.title
  if (props.text !== undefined) node.textContent = props.text
  if (props.role !== undefined) node.setAttribute('role', props.role)
  if (props.tab !== undefined) node.tabIndex = props.tab
  for (const [name, value] of Object.entries(props.data ?? {})) node.dataset[name] = value
  for (const [name, value] of Object.entries(props.aria ?? {})) node.setAttribute(`aria-${name}`, value)
  for (const [name, act] of Object.entries(props.on ?? {})) node.addEventListener(name, act)
  node.append(...children.filter(one => one !== undefined))
  return node
}

const svgSpace = 'http://www.w3.org/2000/svg'
export const svg = (tag: string, attributes: Record<string, string | number>, ...children: Node[]): SVGElement => {
  const node = document.createElementNS(svgSpace, tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value))
  node.append(...children)
  return node
}

export const byId = <T extends HTMLElement = HTMLElement>(id: string): T => {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no #${id}`)
  return found as T
}

/** Only what is different is touched: a text that stays does not make the browser lay out anything. */
export const setText = (node: Element, text: string): void => {
  if (node.textContent !== text) node.textContent = text
}
export const show = (node: HTMLElement, shown: boolean): void => {
  if (node.hidden === shown) node.hidden = !shown
}

/**
 * One element per item, by key, in the items' order. `make` builds one; it is built anew only when its item's text changed, so
 * that focus and selection stay where they are.
 */
export const keepList = <T>(
  parent: Element,
  items: readonly T[],
  keyOf: (item: T) => string,
  make: (item: T) => HTMLElement,
) => {
  const before = new Map<string, HTMLElement>()
  for (const child of parent.children) before.set((child as HTMLElement).dataset.key ?? '', child as HTMLElement)
  let next: Element | null = parent.firstElementChild
  for (const item of items) {
    const key = keyOf(item)
    const stamp = JSON.stringify(item)
    const known = before.get(key)
    before.delete(key)
    const node = known && stamps.get(known) === stamp ? known : make(item)
    if (known && node !== known) {
      const focused = known.contains(document.activeElement)
      known.replaceWith(node)
      if (next === known) next = node
      if (focused) node.focus()
    }
    node.dataset.key = key
    stamps.set(node, stamp)
    if (node === next) next = next.nextElementSibling
    else parent.insertBefore(node, next)
  }
  for (const gone of before.values()) gone.remove()
}
const stamps = new WeakMap<Element, string>()
