import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Sealing } from '../pipeline/ports.ts'

export type SealingRing = { current: string; keys: ReadonlyMap<string, Buffer> }

/**
 * AES-256-GCM with a synthetic IV (HMAC-SHA-256 of credential and value under a key of its own), so that one value has one blob
 * and one record, however often it is announced. The credential's id is authenticated with it. Blob: `<kid>.<base64url>`.
 */
export const sealing = (ring: SealingRing): Sealing => {
  const keys = new Map([...ring.keys].map(([kid, secret]) => [kid, derive(secret)]))
  return {
    seal: (cid, value) => {
      const key = keys.get(ring.current)
      if (!key) throw new Error(`sealing key "${ring.current}" is missing from the key ring`)
      const tag = mac(key, cid, value)
      const iv = tag.subarray(0, 12)
      const cipher = createCipheriv('aes-256-gcm', key.cipher, iv).setAAD(Buffer.from(cid))
      const sealed = Buffer.concat([iv, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return {
        id: `${ring.current}-${tag.subarray(12, 20).toString('hex')}`,
        blob: `${ring.current}.${sealed.toString('base64url')}`,
      }
    },
    open: (cid, blob) => {
      const dot = blob.indexOf('.')
      const key = keys.get(blob.slice(0, dot))
      const sealed = Buffer.from(blob.slice(dot + 1), 'base64url')
      if (!key || sealed.length < 29) return undefined
      const iv = sealed.subarray(0, 12)
      try {
        const decipher = createDecipheriv('aes-256-gcm', key.cipher, iv).setAAD(Buffer.from(cid))
        decipher.setAuthTag(sealed.subarray(-16))
        const value = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString('utf8')
        return timingSafeEqual(mac(key, cid, value).subarray(0, 12), iv) ? value : undefined
      } catch {
        return undefined
      }
    },
  }
}

type Keys = { cipher: Buffer; mac: Buffer }
const derive = (secret: Buffer): Keys => ({
  cipher: Buffer.from(hkdfSync('sha256', secret, '', 'curfew sealing: cipher', 32)),
  mac: Buffer.from(hkdfSync('sha256', secret, '', 'curfew sealing: synthetic iv', 32)),
})
const mac = (key: Keys, cid: string, value: string) =>
  createHmac('sha256', key.mac).update(`${cid}\0`).update(value, 'utf8').digest()
