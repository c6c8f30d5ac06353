/** A full ARN ends with six characters of AWS's own: unlike a name or a partial ARN, it is never used for a second secret. */
export type SecretArn = { region: string; accountId: string; name: string }

export const secretArn = (handle: string): SecretArn | undefined => {
  const full = /^arn:aws[\w-]*:secretsmanager:([a-z0-9-]+):(\d{12}):secret:([\w/+=.@-]{1,512})-[A-Za-z0-9]{6}$/
  const [, region, accountId, name] = full.exec(handle) ?? []
  return region === undefined || accountId === undefined || name === undefined ? undefined : { region, accountId, name }
}
