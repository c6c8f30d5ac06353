import { byId, setText, show } from './dom.ts'
import { keepToken } from './session.ts'

/** Asks for a token. Nothing but this form is shown until one is given. */
export const signIn = (why: string): Promise<void> => {
  const form = byId<HTMLFormElement>('sign-in')
  const input = byId<HTMLInputElement>('token')
  show(form, true)
  show(byId('content'), false)
  setText(byId('sign-in-why'), why)
  input.focus()
  return new Promise(resolve => {
    form.addEventListener(
      'submit',
      event => {
        event.preventDefault()
        keepToken(input.value.trim())
        input.value = ''
        show(form, false)
        show(byId('content'), true)
        resolve()
      },
      { once: true },
    )
  })
}
