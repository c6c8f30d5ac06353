# The canary token of the health check: only through its role, which decides life and policies.
path "auth/token/create/curfew-canary" {
  capabilities = ["create", "update"]
}

# The canary login at the database: only of its role, which decides life and rights.
path "database/creds/curfew-canary" {
  capabilities = ["read"]
}
