/** Where a `kill -9` must change nothing. Tests make each of these fail; production passes through. */
export const revocationCrashPoints = [
  'after_parse',
  'after_facts_acked',
  'after_offset_commit',
  'after_fold',
  'after_wake_up_armed',
  'after_job_added',
  'before_step',
  'after_step',
  'after_probe',
  'after_outcome_acked',
] as const
export const rotationCrashPoints = [
  'after_rotation_locked',
  'before_issue',
  'after_issue',
  'after_issued_acked',
  'after_stage',
  'after_test',
  'after_promote',
  'after_pick_up',
  'after_superseded',
  'after_retire',
] as const
/** Of the exporter of receipts. */
export const auditCrashPoints = ['after_audit_taken_over', 'after_audit_appended', 'after_audit_signed'] as const
export const crashPoints = [...revocationCrashPoints, ...rotationCrashPoints, ...auditCrashPoints] as const
export type CrashPoint = (typeof crashPoints)[number]
export type PassCrashPoint = (point: CrashPoint) => void
