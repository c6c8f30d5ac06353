# What Curfew may do to rotate: write registered secrets, and close their old versions. Another login than the revoker's.
path "secret/data/rotated/*" {
  capabilities = ["create", "read", "update"]
}
path "secret/metadata/rotated/*" {
  capabilities = ["read", "delete"]
}
path "secret/destroy/rotated/*" {
  capabilities = ["update"]
}
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/revoke-accessor" {
  capabilities = ["update"]
}
# Static roles: their passwords are read where they are issued, and rotated. No other role of the engine.
path "database/static-roles/rotated-*" {
  capabilities = ["read"]
}
path "database/static-creds/rotated-*" {
  capabilities = ["read"]
}
path "database/rotate-role/rotated-*" {
  capabilities = ["update"]
}
# Dynamic roles: a token of its own for each login, whose end takes the login along, and the lease itself.
path "database/roles/rotated-*" {
  capabilities = ["read"]
}
path "auth/token/create/curfew-rotated-login" {
  capabilities = ["create", "update"]
}
path "auth/token/lookup-accessor" {
  capabilities = ["update"]
}
path "sys/leases/revoke" {
  capabilities = ["update"]
}
path "sys/leases/lookup" {
  capabilities = ["update"]
}
