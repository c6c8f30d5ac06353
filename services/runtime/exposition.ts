export type Labels = Record<string, string>
export type MetricType = 'counter' | 'gauge' | 'histogram'
/** `suffix`: of a histogram's sample (`_bucket`, `_sum`, `_count`). */
export type Sample = { labels: Labels; value: number; suffix?: string }
export type Family = { name: string; type: MetricType; help: string; samples: Sample[] }

export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** The Prometheus text format. A name stands once, whoever counted: the samples of families of one name are put together. */
export const exposition = (families: Family[]): string => {
  const byName = Map.groupBy(families, family => family.name)
  return [...byName]
    .flatMap(([name, same]) => {
      const samples = same.flatMap(one => one.samples)
      if (samples.length === 0) return []
      const { help, type } = same[0] as Family
      return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`, ...samples.map(one => line(name, one))]
    })
    .concat('')
    .join('\n')
}

const line = (name: string, { suffix = '', labels, value }: Sample): string => {
  const pairs = Object.entries(labels).filter(([, text]) => text !== '')
  const text = pairs.map(([label, one]) => `${label}="${escaped(one).replaceAll('"', '\\"')}"`).join(',')
  return `${name}${suffix}${text === '' ? '' : `{${text}}`} ${numberText(value)}`
}

const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')

const numberText = (value: number): string => {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
