# A sample agent platform: what hands credentials to agents in the demonstration and in the tests.
path "auth/token/create" {
  capabilities = ["create", "update"]
}
path "database/creds/app" {
  capabilities = ["read"]
}
path "auth/approle/role/agent/role-id" {
  capabilities = ["read"]
}
path "auth/approle/role/agent/secret-id" {
  capabilities = ["create", "update"]
}
path "secret/data/sample/*" {
  capabilities = ["create", "read", "update"]
}
