import { el } from './dom.ts'

/** A command in a box that copies it. Where the browser allows no clipboard (plain HTTP elsewhere), it is selected instead. */
export const copyable = (command: string): HTMLElement => {
  const code = el('code', { text: command, title: command })
  const button = el('button', {
    class: 'copy',
    text: 'Copy',
    aria: { label: `Copy: ${command}` },
    on: { click: event => copy(event, code, button) },
  })
  button.type = 'button'
  return el('span', { class: 'command' }, code, button)
}

const copy = (event: Event, code: HTMLElement, button: HTMLElement): void => {
  event.stopPropagation()
  const say = (text: string) => {
    button.textContent = text
    setTimeout(() => {
      button.textContent = 'Copy'
    }, 1_500)
  }
  const select = () => {
    getSelection()?.selectAllChildren(code)
    say('Ctrl-C')
  }
  if (navigator.clipboard) navigator.clipboard.writeText(code.textContent ?? '').then(() => say('Copied'), select)
  else select()
}
