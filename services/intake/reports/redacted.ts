/** What scanners write in the place of a value: nothing, `REDACTED`, a mask, or the first part and three dots. */
export const isRedacted = (text: string): boolean =>
  text.trim() === '' ||
  /^[[<(*]*(redacted|removed|masked|hidden)[\])>*]*$/i.test(text.trim()) ||
  /^[*xX•.]+$/.test(text) ||
  /(\.{3}|…|\*{3,})$/.test(text)
