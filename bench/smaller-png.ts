import { crc32, deflateSync, inflateSync } from 'node:zlib'

/** The same picture, packed as well as zlib can: a browser packs quickly instead. */
export const smallerPng = (png: Buffer): Buffer => {
  const signature = png.subarray(0, 8)
  const chunks: { type: string; data: Buffer }[] = []
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) })
    at += length + 12
  }
  const pixels = inflateSync(Buffer.concat(chunks.filter(one => one.type === 'IDAT').map(one => one.data)))
  const packed = { type: 'IDAT', data: deflateSync(pixels, { level: 9, memLevel: 9 }) }
  const kept = chunks.filter(one => one.type === 'IHDR' || one.type === 'PLTE')
  return Buffer.concat([signature, ...[...kept, packed, { type: 'IEND', data: Buffer.alloc(0) }].map(written)])
}

const written = ({ type, data }: { type: string; data: Buffer }): Buffer => {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, sum])
}
