import { boundedText } from '../pipeline/errors.ts'

/** The store's error text, bounded, without anything that looks like a value: tokens, and passwords in URLs. */
export const storeText = (text: string): string =>
  boundedText(
    text
      .replaceAll(/\b(?:hv[sbr]|[sbr])\.[\w-]{16,}/g, '[token]')
      .replaceAll(/:\/\/[^\s/@]*@/g, '://[login]@')
      .replaceAll(/\b(password|secret_id|token)(["']?\s*[=:]\s*)("[^"]*"?|'[^']*'?|\S+)/gi, '$1$2[value]'),
  )
