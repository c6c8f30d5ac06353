/** `/` searches, `j` `k` move through the rows, Enter opens, Esc closes or clears. Typing in a field stays typing. */
export const keyboard = (act: { search(): void; open(grant: string): void; escape(): void }): void => {
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'Escape') return act.escape()
    const target = event.target as HTMLElement
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return
    if (event.key === '/') {
      event.preventDefault()
      act.search()
    } else if (event.key === 'j' || event.key === 'k') move(event.key === 'j' ? 1 : -1)
    else if (event.key === 'Enter' && target.dataset.grant !== undefined) act.open(target.dataset.grant)
  })
}

const move = (by: number) => {
  const rows = [...document.querySelectorAll<HTMLElement>('tr[data-grant]')].filter(one => one.offsetParent !== null)
  const at = rows.indexOf(document.activeElement?.closest('tr[data-grant]') as HTMLElement)
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))]
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}
