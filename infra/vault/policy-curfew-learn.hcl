# What learning needs: to look, and to hash. It ends nothing, reads no secret and makes nothing.
# Every living token, to close a gap in the audit stream (Vault asks for sudo to list accessors and leases).
path "auth/token/accessors" {
  capabilities = ["list", "sudo"]
}
path "auth/token/lookup-accessor" {
  capabilities = ["update"]
}
path "sys/leases/lookup/database/creds/*" {
  capabilities = ["list", "sudo"]
}
# What came over an audit socket is looked up before it is believed.
path "sys/leases/lookup" {
  capabilities = ["update"]
}
# How the audit device would write a leaked value.
path "sys/audit-hash/file" {
  capabilities = ["update"]
}
path "sys/audit-hash/socket" {
  capabilities = ["update"]
}
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
